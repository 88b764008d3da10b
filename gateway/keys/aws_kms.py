"""The key-encryption key in AWS KMS: it never leaves the service, which is asked whenever a key is wrapped or unwrapped.

Needs the extra `aws`. Region and credentials are found as every AWS tool finds them (environment, instance role, `~/.aws`).
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gateway.errors import ConfigurationError, IntegrityError, Unavailable

NAME = "aws-kms"
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 5, 2
NO_ANSWER = "The key-management service does not answer; try again shortly."
REFUSES = "The key-management service refuses the gateway its key. The operator finds out why with: aws kms describe-key"
NOT_OURS = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
PASSING = frozenset({"ThrottlingException", "DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException"})


class AwsKms:
    """Wraps under one symmetric KMS key. The id of what is wrapped is its encryption context, so that one wrapped key cannot be
    put in the place of another, and CloudTrail says which was opened."""

    name = NAME

    def __init__(self, key: str) -> None:
        """`key` is a key's id, ARN or alias. Raises `ConfigurationError` where no region is configured."""
        patience = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": ATTEMPTS})
        self._key = key
        try:
            self._kms: Any = boto3.client("kms", config=patience)
        except BotoCoreError as why:
            raise ConfigurationError(f"AWS KMS cannot be asked: {why} Set AWS_REGION and credentials for it.") from why

    def wrap(self, secret: bytes, key_id: str) -> bytes:
        return bytes(self._asked("encrypt", key_id, Plaintext=secret)["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        return bytes(self._asked("decrypt", key_id, CiphertextBlob=wrapped)["Plaintext"])

    def _asked(self, operation: str, key_id: str, **values: bytes) -> Any:
        try:
            return getattr(self._kms, operation)(KeyId=self._key, EncryptionContext={"key_id": key_id}, **values)
        except ClientError as why:
            code = why.response.get("Error", {}).get("Code", "")
            if code in NOT_OURS:
                raise IntegrityError("A wrapped key was not wrapped by this key-encryption key.") from why
            raise Unavailable(NO_ANSWER if code in PASSING else REFUSES) from why
        except BotoCoreError as why:
            raise Unavailable(NO_ANSWER) from why
