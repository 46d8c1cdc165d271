import tomllib
from pathlib import Path

import pytest

from streamer.settings import Settings, SettingsError, describe, keys, load

EXAMPLE = Path(__file__).resolve().parents[3] / "config" / "veza.toml"
NOWHERE = Path("/nonexistent")


def refusal(**environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(environ, working_dir=NOWHERE)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_the_example_lists_every_setting_with_its_default() -> None:
    example = tomllib.loads(EXAMPLE.read_text())
    assert tuple(example) == keys()
    assert Settings(**example) == Settings()


@pytest.mark.parametrize("key", keys())
def test_the_example_says_what_a_setting_is(key: str) -> None:
    above, _, _ = EXAMPLE.read_text().partition(f"\n{key} = ")
    comment = above.rpartition("\n\n")[2].replace("\n# ", " ")
    unit, description, allowed = describe(key)
    assert description in comment
    assert f"Unit: {unit}. Allowed: {allowed}." in comment
    assert " Why: " in comment


def test_the_environment_counts_more_than_the_file(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text('port = 1\nhost = "0.0.0.0"\n')
    settings = load({"VEZA_CONFIG": str(file), "VEZA_PORT": "2"}, working_dir=NOWHERE)
    assert (settings.host, settings.port) == ("0.0.0.0", 2)


def test_a_file_in_the_working_directory_is_found(tmp_path: Path) -> None:
    (tmp_path / "veza.toml").write_text("port = 3\n")
    assert load({}, working_dir=tmp_path).port == 3


def test_lists_are_separated_by_commas() -> None:
    settings = load({"VEZA_ORIGINS": "https://a.example, http://b.example:81"}, working_dir=NOWHERE)
    assert settings.origins == ["https://a.example", "http://b.example:81"]
    assert load({"VEZA_ORIGINS": ""}, working_dir=NOWHERE).origins == []


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("VEZA_PORT", "eighty", "a whole number, at least 0 and at most 65535"),
        ("VEZA_PORT", "65536", "a whole number, at least 0 and at most 65535"),
        ("VEZA_PORT", "", "a whole number, at least 0 and at most 65535"),
        ("VEZA_MESSAGES_PER_S", "0", "a number, more than 0 and at most 10000"),
        ("VEZA_MESSAGES_PER_S", "nan", "a number, more than 0 and at most 10000"),
        ("VEZA_MESSAGES_BURST", "1.5", "a whole number, at least 1 and at most 100000"),
        ("VEZA_UPLOADS", "nobody", "anyone or token"),
        ("VEZA_ORIGINS", "example.org", 'a list of "*" or origins'),
        ("VEZA_HOST", "", "text that is not empty"),
        ("VEZA_STORE_URL", "", "file:, file:///folder, or s3://bucket or s3://bucket/prefix"),
        ("VEZA_STORE_URL", "file://folder", "file:, file:///folder"),
        ("VEZA_STORE_URL", "s3://Bucket", "file:, file:///folder"),
        ("VEZA_STORE_URL", "s3://bucket/a?b=c", "file:, file:///folder"),
        ("VEZA_STORE_URL", "https://bucket.example", "file:, file:///folder"),
        ("VEZA_STORE_CACHE_BYTES", "1000", "a whole number, at least 16777216"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(variable: str, value: str, allowed: str) -> None:
    message = refusal(**{variable: value})
    key = variable.removeprefix("VEZA_").lower()
    assert message.startswith(f"{key} = ")
    assert variable in message
    assert value in message
    assert allowed in message


@pytest.mark.parametrize("variable", ["VEZA_SECRET", "VEZA_DATABASE_URL", "VEZA_REDIS_URL"])
def test_a_secret_value_is_not_shown(variable: str) -> None:
    message = refusal(**{variable: "hush:hush"})
    assert "hush" not in message
    assert variable in message


def test_a_password_in_the_url_of_a_store_is_refused_and_not_shown() -> None:
    assert "hush" not in refusal(VEZA_STORE_URL="s3://key:hush@bucket/prefix")


@pytest.mark.parametrize("url", ["file:", "file:///mnt/a%20b", "s3://my-bucket", "s3://my.bucket/a/b-c_d"])
def test_where_recordings_may_lie(url: str) -> None:
    assert load({"VEZA_STORE_URL": url}, working_dir=NOWHERE).store_url == url


@pytest.mark.parametrize("variable", ["VEZA_PROT", "VEZA_", "VEZA_port", "VEZA_CONFIG_FILE"])
def test_an_unknown_variable_is_refused(variable: str) -> None:
    assert refusal(**{variable: "1"}).startswith(
        f"{variable} is not a setting; the settings are: VEZA_CONFIG"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("prot = 1\n", "prot (in {file}) is not a setting; the settings are: host, port"),
        ('port = "80"\n', "port = '80' (in {file}) is not allowed: it must be a whole number"),
        ("port = true\n", "port = True (in {file}) is not allowed"),
        ("[port]\n", "port = {{}} (in {file}) is not allowed"),
        ("port = \n", "{file} is not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "veza.toml"
    file.write_text(content)
    assert refusal(VEZA_CONFIG=str(file)).startswith(message.format(file=file))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    message = refusal(VEZA_CONFIG=str(tmp_path / "none.toml"))
    assert (
        message == f"VEZA_CONFIG names {tmp_path}/none.toml, which can't be read: No such file or directory"
    )


def test_the_database_is_in_the_data_folder_unless_it_is_named() -> None:
    assert Settings(data_dir="/d").effective_database_url == "sqlite:////d/veza.db"
    assert Settings(database_url="postgresql://h/n").effective_database_url == "postgresql://h/n"
