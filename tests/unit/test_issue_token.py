"""A client proves itself or gets nothing; either outcome is on the log, without a secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from sqlalchemy import func, select

from gateway.clients import Issued, NewClient, PublicKey, Secret, rotate_client, suspend_client
from gateway.errors import AuthenticationError, GatewayError
from gateway.issue_token import issue_token
from gateway.prove_client import ASSERTION_TYPE, ClientRefused, TokenRequestRefused
from gateway.store.schema import assertion_used
from tests.oauth_world import AUDIENCE, ISSUER, World, assertion_form, basic


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.close()


def refused_by_key(world: World, issued: Issued, **changed: object) -> None:
    with pytest.raises(ClientRefused):
        world.by_key(issued, **changed)  # type: ignore[arg-type]


def test_a_signed_assertion_gets_a_token_that_says_who_and_for_how_long(world: World) -> None:
    issued = world.client()
    answer = world.by_key(issued)
    header, payload, _ = (part + "=" * (-len(part) % 4) for part in answer.access_token.split("."))
    claims = json.loads(base64.urlsafe_b64decode(payload))
    assert json.loads(base64.urlsafe_b64decode(header)) == {
        "alg": "EdDSA",
        "typ": "at+jwt",
        "kid": world.issuer.public_jwk["kid"],
    }
    assert (claims["iss"], claims["aud"], claims["sub"], claims["client_id"]) == (
        ISSUER,
        AUDIENCE,
        "riverton-sis",
        "riverton-sis",
    )
    assert claims["exp"] - claims["iat"] == answer.expires_in == 600
    assert (claims["scope"], answer.scope) == ("records:read", "records:read")


def test_a_token_is_on_the_log_before_it_leaves(world: World) -> None:
    issued = world.client()
    token = world.principal(world.by_key(issued).access_token)
    leaf = world.leaves()[-1]
    assert (leaf["kind"], leaf["client"], leaf["token"]) == ("token", "riverton-sis", token.token_id)
    assert (leaf["method"], leaf["credential"]) == ("private_key_jwt", issued.credential)
    assert leaf["institutions"] == ["riverton"]


def test_neither_secret_nor_token_is_ever_on_the_log(world: World) -> None:
    issued = world.client(Secret())
    token = world.by_secret(issued).access_token
    with pytest.raises(ClientRefused):
        world.by_secret(issued, f"{issued.credential}.wrong-guess")
    log = json.dumps(world.leaves())
    assert issued.secret is not None
    for confidential in (issued.secret, issued.secret.partition(".")[2], token, "wrong-guess"):
        assert confidential not in log


def test_an_ecdsa_and_an_rsa_key_prove_their_client(world: World) -> None:
    curve, big = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    keys: dict[str, tuple[ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, str]] = {
        "ES256": (curve, ECAlgorithm.to_jwk(curve.public_key())),
        "PS256": (big, RSAAlgorithm.to_jwk(big.public_key())),
    }
    for algorithm, (key, public) in keys.items():
        name = f"client-{algorithm.lower()}"
        world.client(PublicKey(json.loads(public)), NewClient(name, "riverton", "Client", ("placement",)))
        claims = {"iss": name, "sub": name, "aud": ISSUER, "exp": int(world.now.timestamp()) + 60, "jti": "once"}
        text = jwt.PyJWS().encode(json.dumps(claims).encode(), key, algorithm=algorithm)
        assert issue_token(assertion_form(text), None, world.issuer).scope == "records:read"


def test_an_algorithm_other_than_the_keys_own_is_refused(world: World) -> None:
    key = rsa.generate_private_key(65537, 2048)
    world.client(PublicKey(json.loads(RSAAlgorithm.to_jwk(key.public_key()))))
    claims = {
        "iss": "riverton-sis",
        "sub": "riverton-sis",
        "aud": ISSUER,
        "exp": int(world.now.timestamp()) + 60,
        "jti": "1",
    }
    signers: dict[str, rsa.RSAPrivateKey | str] = {"RS256": key, "PS512": key, "HS256": "k" * 64}
    for algorithm, signer in signers.items():
        text = jwt.PyJWS().encode(json.dumps(claims).encode(), signer, algorithm=algorithm)
        with pytest.raises(ClientRefused):
            issue_token(assertion_form(text), None, world.issuer)


def test_an_assertion_is_good_once(world: World) -> None:
    issued = world.client()
    world.by_key(issued, jti="once")
    refused_by_key(world, issued, jti="once")
    assert world.leaves()[-1]["why"] == "replayed"


def test_an_assertions_id_is_kept_until_the_assertion_is_worthless(world: World) -> None:
    issued = world.client()
    expires = int(world.now.timestamp()) + 60
    text = world.assertion(issued, exp=expires)
    issue_token(assertion_form(text), None, world.issuer)
    world.later(seconds=69)
    with pytest.raises(ClientRefused):
        issue_token(assertion_form(text), None, world.issuer)
    world.later(minutes=5)
    world.by_key(issued)
    with world.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(assertion_used)).scalar() == 1


def test_of_many_who_send_one_assertion_at_once_one_gets_a_token(world: World) -> None:
    form = assertion_form(world.assertion(world.client()))

    def attempt(_number: int) -> bool:
        try:
            issue_token(form, None, world.issuer)
        except ClientRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert world.kinds().count("token") == 1


def test_another_clients_assertion_id_is_its_own(world: World) -> None:
    other = world.client(new=NewClient("lakeside-sis", "lakeside", "Lakeside", ("placement",)))
    world.by_key(world.client(), jti="same")
    world.by_key(other, jti="same")


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": f"{ISSUER}/oauth/token"},
        {"aud": [ISSUER]},
        {"aud": None},
        {"iss": "someone-else"},
        {"iss": None},
        {"jti": None},
        {"jti": "x" * 201},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 9_999_999_999},
        {"sub": "ghost"},
        {"sub": None},
        {"sub": "riverton-sis\u0000"},
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(world: World, changed: dict[str, object]) -> None:
    refused_by_key(world, world.client(), **changed)


@pytest.mark.parametrize(("seconds", "good"), [(-11, False), (-10, False), (-9, True), (310, True), (311, False)])
def test_an_assertion_lives_five_minutes_at_most(world: World, seconds: int, good: bool) -> None:
    issued = world.client()
    expires = int(world.now.timestamp()) + seconds
    if good:
        world.by_key(issued, exp=expires)
    else:
        refused_by_key(world, issued, exp=expires)


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"jwk": {}}, {"jku": "https://evil.example"}, {"crit": ["exp"]}])
def test_an_assertion_with_a_wrong_header_is_refused(world: World, header: dict[str, object]) -> None:
    with pytest.raises(ClientRefused):
        world.by_key(world.client(), header=header)


def test_an_access_token_is_no_assertion(world: World) -> None:
    token = world.by_key(world.client()).access_token
    with pytest.raises(ClientRefused):
        issue_token(assertion_form(token), None, world.issuer)


def test_a_secret_over_basic_gets_a_token(world: World) -> None:
    issued = world.client(Secret())
    assert world.by_secret(issued).expires_in == 600
    assert world.leaves()[-1]["method"] == "client_secret_basic"


def test_every_refused_proof_reads_the_same(world: World) -> None:
    issued = world.client(Secret())
    said = set()
    for name, secret in (("riverton-sis", "wrong"), ("ghost", "wrong"), ("Not A Slug", "x"), ("riverton-sis", "")):
        with pytest.raises(AuthenticationError) as refusal:
            issue_token([("grant_type", "client_credentials")], basic(name, secret), world.issuer)
        said.add((refusal.value.detail, refusal.value.code))
    suspend_client(issued.client, world.desk)
    with pytest.raises(AuthenticationError) as refusal:
        world.by_secret(issued)
    assert said == {(refusal.value.detail, refusal.value.code)}


def test_an_unknown_client_costs_a_verification_too(world: World) -> None:
    assert "decoy" not in vars(world.issuer)
    with pytest.raises(ClientRefused):
        issue_token([("grant_type", "client_credentials")], basic("ghost", "x"), world.issuer)
    assert "decoy" in vars(world.issuer)


def test_a_known_clients_refusal_is_an_entry_and_a_strangers_is_counted(world: World) -> None:
    issued = world.client(Secret())
    with pytest.raises(ClientRefused):
        world.by_secret(issued, "wrong")
    assert world.kinds() == ["client", "token_refusal"]
    with pytest.raises(ClientRefused):
        issue_token([("grant_type", "client_credentials")], basic("ghost", "x"), world.issuer)
    assert world.kinds() == ["client", "token_refusal"]
    world.log.flush_anonymous()
    assert world.leaves()[-1]["refused"] == {"token": "1"}


def test_five_failures_lock_the_secret_for_a_quarter_of_an_hour(world: World) -> None:
    issued = world.client(Secret())
    for _ in range(5):
        with pytest.raises(ClientRefused):
            world.by_secret(issued, "wrong")
    with pytest.raises(ClientRefused):
        world.by_secret(issued)
    world.later(minutes=15)
    world.by_secret(issued)


def test_a_locked_client_cannot_be_used_to_fill_the_log(world: World) -> None:
    issued = world.client(Secret())
    for _ in range(9):
        with pytest.raises(ClientRefused):
            world.by_secret(issued, "wrong")
    assert world.kinds() == ["client"] + ["token_refusal"] * 5
    world.log.flush_anonymous()
    assert world.leaves()[-1]["refused"] == {"token": "4"}


def test_a_lock_does_not_stop_a_key(world: World) -> None:
    issued = world.client()
    for _ in range(5):
        with pytest.raises(ClientRefused):
            world.by_secret(issued, "wrong")
    world.by_key(issued)


def test_a_good_secret_starts_the_count_again(world: World) -> None:
    issued = world.client(Secret())
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(ClientRefused):
                world.by_secret(issued, "wrong")
        world.by_secret(issued)


def test_a_suspended_client_gets_no_token(world: World) -> None:
    issued = world.client()
    suspend_client(issued.client, world.desk)
    refused_by_key(world, issued)
    assert world.leaves()[-1]["why"] == "suspended"


def test_old_and_new_credential_serve_while_a_client_rotates(world: World) -> None:
    old = world.client(Secret())
    new = rotate_client(old.client, Secret(), timedelta(hours=1), world.desk)
    world.by_secret(old)
    world.by_secret(new)
    world.later(hours=1)
    with pytest.raises(ClientRefused):
        world.by_secret(old)
    world.by_secret(new)


def test_a_scope_is_the_clients_or_refused(world: World) -> None:
    issued = world.client(new=NewClient("both", "riverton", "Both", ("placement",), scopes=("records:read", "audit:tiles")))
    assert world.by_key(issued).scope == "records:read audit:tiles"
    form = assertion_form(world.assertion(issued), scope="audit:tiles")
    assert issue_token(form, None, world.issuer).scope == "audit:tiles"
    for asked in ("records:write", "records:read admin", ""):
        with pytest.raises(TokenRequestRefused) as refusal:
            issue_token(assertion_form(world.assertion(issued), scope=asked), None, world.issuer)
        assert refusal.value.oauth_error == "invalid_scope"
    assert world.kinds()[-1] == "token_refusal"


@pytest.mark.parametrize(
    ("form", "authorization", "error"),
    [
        ([], None, "invalid_request"),
        ([("grant_type", "password")], None, "unsupported_grant_type"),
        ([("grant_type", "client_credentials")] * 2, None, "invalid_request"),
        ([("grant_type", "client_credentials"), ("client_secret", "x")], None, "invalid_request"),
        ([("grant_type", "client_credentials"), ("client_assertion", "x")], None, "invalid_request"),
        (assertion_form("x"), basic("riverton-sis", "x"), "invalid_request"),
        ([("grant_type", "client_credentials"), ("client_id", "other")], basic("riverton-sis", "x"), "invalid_request"),
        ([("grant_type", "client_credentials")], None, "invalid_client"),
        ([("grant_type", "client_credentials")], "Bearer x", "invalid_client"),
        ([("grant_type", "client_credentials")], "Basic ***", "invalid_client"),
        ([("grant_type", "client_credentials")], "Basic eA==", "invalid_client"),
        (assertion_form("x"), None, "invalid_client"),
        ([("client_assertion_type", ASSERTION_TYPE), ("grant_type", "client_credentials")], None, "invalid_request"),
    ],
)
def test_a_malformed_request_has_its_oauth_error(
    world: World, form: list[tuple[str, str]], authorization: str | None, error: str
) -> None:
    with pytest.raises(GatewayError) as refusal:
        issue_token(form, authorization, world.issuer)
    assert isinstance(refusal.value, ClientRefused | TokenRequestRefused)
    assert refusal.value.oauth_error == error
    world.log.flush_anonymous()
    assert world.leaves()[-1]["refused"] == {"token": "1"}
