"""People who sign for two institutions, and the documents that they sign, for tests of an agreement's life."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.agreements.lifecycle import Change, by_operator
from gateway.agreements.propose import Proposal, propose, read_proposed
from gateway.agreements.record_signature import Signed
from gateway.agreements.sign import SignedStatement, make_signature, sign
from gateway.agreements.signatories import NewSignatory, add_signatory
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Statement
from gateway.keys.jwk import ed25519_jwk
from tests.world import EXAMPLE, World

MOU = AgreementId("lakeside-riverton")
LAKESIDE, RIVERTON = InstitutionId("lakeside"), InstitutionId("riverton")
OPERATOR: Change = by_operator("test")
PEOPLE = {LAKESIDE: "dana-whitfield", RIVERTON: "sam-ortiz"}


def key_of(institution: str) -> Ed25519PrivateKey:
    """The signatory's private key of an institution, the same in every test."""
    return Ed25519PrivateKey.from_private_bytes(institution.encode().ljust(32, b"."))


def text_of(*changes: tuple[str, str]) -> str:
    """The example agreement's text with these changes."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return text


LESS = ("lastSurname: share", "lastSurname: withhold")


@dataclass(frozen=True)
class Parties:
    """Both institutions' signatories, registered in a world."""

    world: World

    def register(self) -> None:
        for institution, person in PEOPLE.items():
            jwk = ed25519_jwk(key_of(institution).public_key())
            new = NewSignatory(institution, person, "signatory", person.title(), "Provost", jwk)
            add_signatory(new, OPERATOR, self.world.gateway.registry())

    def steward(self, institution: str, name: str, key: Ed25519PrivateKey | None = None) -> None:
        jwk = None if key is None else ed25519_jwk(key.public_key())
        new = NewSignatory(institution, name, "steward", name.title(), "Superintendent", jwk)
        add_signatory(new, OPERATOR, self.world.gateway.registry())

    def propose(self, text: str = "", change: Change = OPERATOR) -> Proposal:
        agreements = read_proposed(text or text_of(), "mou.yaml", self.world.gateway.catalog)
        [proposal] = propose(agreements, change, self.world.gateway.registry())
        return proposal

    def statement(self, proposal: Proposal, institution: InstitutionId) -> Statement:
        return Statement(proposal.agreement, proposal.version, proposal.digest, institution, PEOPLE[institution])

    def signature(self, proposal: Proposal, institution: InstitutionId) -> SignedStatement:
        return make_signature(self.statement(proposal, institution), key_of(institution))

    def sign(self, proposal: Proposal, *institutions: InstitutionId) -> Signed:
        for institution in institutions or (LAKESIDE, RIVERTON):
            signed = sign(self.signature(proposal, institution), OPERATOR, self.world.gateway.registry())
        return signed


def small_pdf(*lines: str) -> bytes:
    """A PDF of one page with these lines as text."""
    shown = b" ".join(b"(%s) Tj 0 -14 Td" % line.encode("latin-1") for line in lines)
    stream = b"BT /F1 8 Tf 20 780 Td " + shown + b" ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
    ]
    content, places = b"%PDF-1.4\n", []
    for number, found in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, found)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    return content + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def written(folder: Path, name: str, content: bytes) -> Path:
    """A file with this content."""
    file = folder / name
    file.write_bytes(content)
    return file
