"""The table `[documents]`: where documents go, and that neither keys nor open lines get in by it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pydantic
import pytest

from cli import home
from cli.filestore import S3Files, document_store
from cli.home import ConfigurationError, Home
from registry.formats.errors import UnavailableError

S3 = 'kind = "s3"\nbucket = "izin-contoh"\n'


@pytest.fixture
def made(tmp_path: Path) -> Path:
    root = tmp_path / "home"
    Home.create(root, mode="production", office=b"", host="izin.example.go.id")
    return root


def configure(root: Path, table: str) -> Home:
    path = root / home.CONFIGURATION
    path.write_text(path.read_text().replace('kind = "local"\n', table))
    return Home.open(root)


def test_a_home_keeps_its_documents_beside_its_configuration(made: Path) -> None:
    key = Home.open(made).documents().put(b"izin")
    assert [path.read_bytes() for path in (made / "documents").glob("*/*")] == [b"izin"]
    assert configure(made, "").documents().get(key) == b"izin"


def test_the_words_that_a_new_home_offers_for_object_storage_are_valid(made: Path) -> None:
    lines = (made / home.CONFIGURATION).read_text().splitlines()
    offered = "\n".join(line.removeprefix("# ") for line in lines if line.startswith("# ") and " = " in line)
    offered = offered.replace("https://s3.example.go.id", "http://127.0.0.1:9000")  # the one that allow_http is for
    settings = S3Files.model_validate(tomllib.loads(offered))
    assert settings.model_fields_set == set(S3Files.model_fields)


@pytest.mark.parametrize(
    "word", ["aws_access_key_id", "access_key_id", "secret_access_key", "AWS_SESSION_TOKEN", "password", "credentials"]
)
@pytest.mark.parametrize("table", [S3, 'kind = "local"\n'], ids=["s3", "local"])
def test_a_key_in_the_file_is_refused_without_repeating_it(made: Path, table: str, word: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configure(made, f'{table}{word} = "rahasia-contoh"\n')
    said = str(caught.value)
    assert f"{word}: keys have no place in this file" in said
    assert "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" in said
    assert "rahasia-contoh" not in said


@pytest.mark.parametrize(
    ("line", "field", "remedy"),
    [
        ('endpoint = "http://s3.example.go.id"', "endpoint", "use https://"),
        ('endpoint = "http://s3.example.go.id"\nallow_http = true', "endpoint", "use https://"),
        ('endpoint = "http://127.0.0.1.example.go.id"\nallow_http = true', "endpoint", "use https://"),
        ('endpoint = "http://10.0.0.1:9000"\nallow_http = true', "endpoint", "use https://"),
        ('endpoint = "http://127.0.0.1:9000"', "endpoint", "set allow_http = true"),
        ('endpoint = "https://s3.example.go.id"\nallow_http = true', "allow_http", "take it out"),
        ("allow_http = true", "allow_http", "take it out"),
        ('endpoint = "https://nama:rahasia@s3.example.go.id"', "endpoint", "as in https://s3.example.go.id:9000"),
        ('endpoint = "https://s3.example.go.id/izin"', "endpoint", "as in https://s3.example.go.id:9000"),
        ('endpoint = "s3.example.go.id"', "endpoint", "as in https://s3.example.go.id:9000"),
        ('prefix = "/absah"', "prefix", 'as in "absah/documents"'),
        ('prefix = "absah/../lain"', "prefix", 'as in "absah/documents"'),
        ('region = "Jakarta!"', "region", 'as in "ap-southeast-3"'),
        ("timeout_seconds = 0", "timeout_seconds", "greater than 0"),
        ('buckets = "x"', "buckets", "not permitted"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_remedy(made: Path, line: str, field: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configure(made, f"{S3}{line}\n")
    said = str(caught.value)
    assert f"documents.s3.{field}: " in said or f"documents.s3: {field}: " in said
    assert remedy in said
    assert "rahasia" not in said


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "[::1]", "localhost"])
def test_an_open_line_may_stay_within_this_machine(host: str) -> None:
    settings = {"kind": "s3", "bucket": "izin-contoh", "endpoint": f"http://{host}:9000", "allow_http": True}
    assert S3Files.model_validate(settings).allow_http


@pytest.mark.parametrize("bucket", ["", "ab", "Izin", "izin/absah", "s3://izin", "izin-"])
def test_a_bucket_is_its_name_alone(bucket: str) -> None:
    with pytest.raises(pydantic.ValidationError, match="bucket's name alone"):
        S3Files.model_validate({"kind": "s3", "bucket": bucket})


@pytest.mark.parametrize("unset", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_key_that_is_not_in_the_environment_is_named(unset: str, tmp_path: Path) -> None:
    environment = {"AWS_ACCESS_KEY_ID": "CONTOHKUNCI", "AWS_SECRET_ACCESS_KEY": "rahasia-contoh"}
    settings = S3Files.model_validate({"kind": "s3", "bucket": "izin-contoh"})
    document_store(settings, folder=tmp_path, environment=environment)
    del environment[unset]
    with pytest.raises(UnavailableError, match=f"documents: set {unset} in the environment"):
        document_store(settings, folder=tmp_path, environment=environment)


def test_a_process_that_keeps_documents_on_its_disk_does_not_load_the_library_of_the_other(made: Path) -> None:
    ask = (
        "import sys, pathlib, cli.home as h; h.Home.open(pathlib.Path(sys.argv[1])).documents().put(b'izin');"
        "sys.exit('obstore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", ask, made], check=False).returncode == 0
