"""What must vanish from evidence, and the lines that must stay byte for byte."""

from time import process_time

import pytest

from bot.core.redaction import mask

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiIsIm5hbWUiOiJNYXJpYSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"

VANISHING = [
    ("Authorization: Bearer abcdefgh", "abcdefgh"),
    ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ('{"headers": {"Authorization": "Token 9944b09199c62bcf"}}', "9944b09199c62bcf"),
    ("curl -H 'Authorization: Bearer qwertyuiop' https://api.example.com", "qwertyuiop"),
    ("sent bearer dGhpc0lzQVNlY3JldA", "dGhpc0lzQVNlY3JldA"),
    ("AWS4-HMAC-SHA256 Credential=abc/20261120, Signature=fe5f80f77d5fa3be", "fe5f80f77d5fa3be"),
    (f"session {JWT} refused", "c2lnbmF0dXJl"),
    ("openai key sk-proj-a1B2c3D4e5F6g7H8i9J0", "a1B2c3D4e5F6"),
    ("stripe sk_live_51H8abcdEFGH1234", "51H8abcdEFGH1234"),
    ("slack xoxb-123456789012-abcdefABCDEF", "abcdefABCDEF"),
    ("slack xapp-1-A012345-6789-abcdef", "A012345"),
    ("git clone with ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghij"),
    ("found AKIAIOSFODNN7EXAMPLE in the log", "IOSFODNN7EXAMPLE"),
    ("google AIzaSyA1234567890abcdefghijklmnopqrstuv", "SyA1234567890"),
    ("sendgrid SG.abcdefghijkl.mnopqrstuvwxyz", "mnopqrstuvwxyz"),
    ("https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe", "AAHdqTcvCH1vGWJ"),
    ("posting to https://hooks.slack.com/services/T000/B000/XXXXyyyy", "XXXXyyyy"),
    ("password=hunter2", "hunter2"),
    ("DB_PASSWORD: hunter2", "hunter2"),
    ("SMTP_PASS=hunter2", "hunter2"),
    ('{"user": "ana", "password": "two words", "n": 1}', "two words"),
    (r'log="{\"password\":\"hunter2\"}"', "hunter2"),
    ("senha = s3nh4; usuario = ana", "s3nh4"),
    ("STRIPE_SECRET_KEY=abc", "=abc"),
    ("client_secret='cut off by the end of the excer", "cut off"),
    ("api-key: 0f8fad5bd9cb469fa165", "0f8fad5b"),
    ("GET /hook?token=deadbeef01&x=1", "deadbeef01"),
    ("refreshToken: ZGVhZGJlZWZkZWFkYmVlZg==", "ZGVhZGJl"),
    ("key=6f1ed002ab5595859014ebf0951522d9", "6f1ed002"),
    ("Cookie: sid=abc; other=def", "def"),
    ("postgresql://app:hunter2@db.internal:5432/prod", "hunter2"),
    ("redis://:p@ss/word@cache:6379/0", "word"),
    ("SENTRY https://0f8fad5bd9cb469fa165@o1.ingest.sentry.io/2", "0f8fad5b"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----", "IBAAK"),
    ("-----BEGIN PRIVATE KEY-----\nMIIEow\ncut", "cut"),
    ("mail to maria.silva+x@example.com.br failed", "maria"),
    ("lead (11) 98765-4321 wrote", "98765"),
    ("lead 11 98765-4321 wrote", "98765"),
    ("lead 21 3456-7890 wrote", "3456"),
    ("whatsapp:5511987654321", "987654321"),
    ("from=11987654321", "987654321"),
    ("call 98765-4321", "4321"),
    ("+55 11 98765-4321", "98765"),
    ("+5511987654321", "987654321"),
    ("+1 (415) 555-2671", "2671"),
    ("+442071838750", "71838750"),
    ("CPF 123.456.789-09", "789-09"),
    ("cpf=52998224725", "52998224725"),
    ("CNPJ 11.222.333/0001-81", "333/0001"),
    ("CNPJ 12.ABC.345/01DE-35", "ABC.345"),
    ("cnpj=11222333000181", "11222333000181"),
    ("card 4111 1111 1111 1111 declined", "1111"),
    ("card 5555555555554444 declined", "4444"),
    ("card 3782-822463-10005 declined", "10005"),
    ("client 203.0.113.77 closed", ".77"),
    ("upstream 10.0.12.34:8080 refused", ".34"),
    ("client 2001:db8:85a3::8a2e:370:7334", "7334"),
]

STAYING = [
    "",
    "image registry.example.com/team/agente-api:2.4.0 pulled in 3.2s",
    "rolled back from v1.2.3.4 to 1.3.0-rc.1, revision 42",
    "2026-11-20T09:11:56.123456+00:00 ERROR took 1532 ms",
    "2026-11-20 09:11:56,123 [worker-3] INFO 12 of 50 clients",
    '[20/Nov/2026:09:11:56 -0300] "GET /health HTTP/1.1" 200 512',
    "pod agente-api-7d9f8b6c5d-x2x7k restarted 17 times in 10m30s",
    "commit 6f1ed002ab5595859014ebf0951522d9e1d1f4a7 by ci",
    "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7",
    "request 123e4567-e89b-12d3-a456-426614174000 timed out after 30s",
    "epoch 1763716000, in ms 1763716000123, in ns 1763716000123456789",
    "max_tokens=300 prompt_tokens: 512, completion_tokens: 1024",
    "token: expired; invalid token: please log in",
    "basic authentication is off, bearer authentication is on",
    "wrong password for user ana",
    "password=null api_key=None secret: ''",
    'secret "crm-credentials" not found',
    "key=user:42 is missing; cache key: conversation",
    "listening on 127.0.0.1:8080 and 0.0.0.0:9090 and [::1]:53",
    "http://api.internal:8080/v1/leads?page=2",
    "used_memory:1048576 maxmemory:10737418240 (10 GiB)",
    "order 4111111111111112 is not a card",
    "build 20261121071503 and 11222333000182 are numbers, 12.500.000/0001 is no company",
    "used 12.5% of 3.5Gi, load 0.12 0.34 0.56",
    "std::vector<int>, Foo::Bar, 09:11:56",
    "exit code 137 (OOMKilled), backoff 5m0s, back-off 40s",
    "user@host has no domain, pkg@1.2.3 is a version",
    "npm_config_registry is unset, npm-install-failed-again",
    "sk-learn and skip_this stay, so does task_key",
]


@pytest.mark.parametrize(("text", "secret"), VANISHING)
def test_what_must_not_be_seen_vanishes(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in mask(text)
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize("text", STAYING)
def test_what_an_engineer_reads_stays_byte_for_byte(text: str) -> None:
    assert mask(text) == text


def test_only_the_secret_part_of_a_line_is_lost() -> None:
    assert mask("postgresql://app:hunter2@db:5432/prod failed") == "postgresql://app:***@db:5432/prod failed"
    assert mask('{"user": "ana", "password": "two words", "n": 1}') == '{"user": "ana", "password": "***", "n": 1}'
    assert mask("GET /hook?token=deadbeef01&x=1 from 203.0.113.77") == "GET /hook?token=***&x=1 from 203.0.113.x"
    assert mask("to maria@example.com: bounced") == "to ***@example.com: bounced"
    assert mask("lead (11) 98765-4321 wrote") == "lead *** wrote"
    assert mask("client 2001:db8:85a3::8a2e:370:7334 left") == "client 2001:0db8:85a3:x left"


def test_an_image_digest_is_shortened_but_kept() -> None:
    digest = "6f1ed002ab5595859014ebf0951522d96f1ed002ab5595859014ebf0951522d9"
    assert mask(f"api@sha256:{digest} is running") == "api@sha256:6f1ed002ab55 is running"


@pytest.mark.parametrize(
    "unit", ["a", "a.", "1", "1 ", "+1", ":", "://", "://a:b", 'pwd="', "a@", "-----BEGIN PRIVATE KEY-----", "1."]
)
def test_hostile_text_does_not_slow_it_down(unit: str) -> None:
    text = unit * (64_000 // len(unit))
    begun = process_time()
    mask(text)
    assert process_time() - begun < 1.5


RANDOM = "a1B2c3D4e5F6g7H8i9J0k1L2"
NAMES = (
    *("password", "passwd", "passphrase", "smtp_pass", "pwd", "senha", "secret", "credential", "credentials"),
    *("api_key", "access-key", "privatekey", "secret_key_base", "token", "authorization", "session_id", "sessionid"),
    *("key", "chave"),
)
TOKENS = (
    *(
        "sk-",
        "sk_",
        "pk-",
        "pk_",
        "rk-",
        "rk_",
        "xoxb-",
        "xoxp-",
        "xapp-",
        "glpat-",
        "gho_",
        "ghp_",
        "ghs_",
        "ghu_",
        "ghr_",
    ),
    *(
        "github_pat_",
        "dckr_pat_",
        "npm_",
        "hf_",
        "sbp_",
        "sb_secret_",
        "rnd_",
        "dop_v1_",
        "hvs.",
        "hvb.",
        "bearer ",
        "basic ",
    ),
)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_a_secret_is_known_in_every_spelling(name: str) -> None:
    for spelt in (name, name.upper(), name.title()):
        assert RANDOM not in mask(f"{spelt}={RANDOM}")


@pytest.mark.parametrize("beginning", TOKENS)
def test_every_kind_of_token_is_known_by_its_beginning(beginning: str) -> None:
    assert RANDOM not in mask(f"sent {beginning}{RANDOM} away")


@pytest.mark.parametrize("text", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "sha512:" + "ab12" * 32])
def test_keys_of_a_fixed_shape_are_known(text: str) -> None:
    assert mask(f"{text} found") != f"{text} found"


@pytest.mark.parametrize("text", [*(text for text, _ in VANISHING), *STAYING])
def test_no_rule_is_skipped_that_would_have_changed_a_text(text: str) -> None:
    for shown in (text, text.upper(), text.swapcase(), f"{text} {text}"):
        assert mask(f"é {shown}") == f"é {mask(shown)}", "texts beyond ASCII get every rule"


def test_a_mixture_is_masked_alike_with_and_without_a_letter_beyond_ascii() -> None:
    fragments = [text for text, _ in VANISHING] + STAYING
    for step in (1, 7, 23):
        for text, other in zip(fragments, fragments[step:], strict=False):
            assert mask(f"é {text} {other}") == f"é {mask(f'{text} {other}')}"
