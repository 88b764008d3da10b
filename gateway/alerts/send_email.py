"""Send an alert by mail: over TLS that is checked, or not at all."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage

from connectors.secrets import Secrets
from gateway.alerts.message import NotSent
from gateway.alerts.rules import Email

SECONDS = 30.0


def send_email(message: EmailMessage, channel: Email, secrets: Secrets) -> None:
    """Hand a message to the channel's server for every recipient.

    Raises `NotSent` when it does not take it, or not for all; `ConfigurationError` when the password cannot be had.
    """
    where = f"the mail server {channel.host}:{channel.port}"
    password = None if channel.password is None else secrets(channel.password)
    # What the server says may quote an address or a name: only its code is told on.
    try:
        server = _connected(channel)
        try:
            if channel.user is not None and password is not None:
                server.login(channel.user, password)
            refused = server.send_message(message)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    except smtplib.SMTPAuthenticationError as why:
        raise NotSent(f"{where} refused user and password (code {why.smtp_code}): check them in the rules file.") from None
    except smtplib.SMTPNotSupportedError:
        raise NotSent(f"{where} has no STARTTLS, or no way to log in: alerts are not sent in clear.") from None
    except smtplib.SMTPResponseException as why:
        raise NotSent(f"{where} did not take the mail (code {why.smtp_code}).") from None
    except smtplib.SMTPRecipientsRefused:
        raise NotSent(f"{where} refused every recipient: check to in the rules file.") from None
    except ssl.SSLCertVerificationError:
        raise NotSent(f"{where} has a certificate that does not hold: name the file of its issuer as ca_file.") from None
    except (smtplib.SMTPException, OSError) as why:
        raise NotSent(f"{where} cannot be reached ({type(why).__name__}).") from None
    if refused:
        raise NotSent(f"{where} refused {len(refused)} of {len(channel.to)} recipients: check to in the rules file.")


def _connected(channel: Email) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if channel.ca_file is not None:
        try:
            context.load_verify_locations(channel.ca_file)
        except OSError:
            raise NotSent(f"{channel.ca_file} holds no certificates that can be read: name another as ca_file.") from None
    name = channel.sender.rpartition("@")[2]
    if channel.implicit:
        return smtplib.SMTP_SSL(channel.host, channel.port, local_hostname=name, timeout=SECONDS, context=context)
    server = smtplib.SMTP(channel.host, channel.port, local_hostname=name, timeout=SECONDS)
    try:
        server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server
