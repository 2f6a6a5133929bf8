"""Finding secrets, and keeping them out of representations, tracebacks and literals."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from connector_core import LiteralError, Secret, SecretNotFound, get_agent_secret, get_connector_secret, to_literal
from connector_core.secrets import secret_sources

KEY = "unit-test.key_1"
VARIABLE = "_FSEC_UNIT-TEST.KEY_1"


@pytest.fixture(autouse=True)
def secrets_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLYTE_SECRETS_DEFAULT_DIR", str(tmp_path))
    return tmp_path


class TestSources:
    def test_the_variable_has_the_name_in_upper_case(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "from the environment\n")
        assert get_connector_secret(KEY) == "from the environment"

    def test_the_prefix_of_the_variable_can_be_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLYTE_SECRETS_ENV_PREFIX", "MY_")
        monkeypatch.setenv("MY_KEY", "value")
        assert get_connector_secret("key") == "value"

    def test_the_file_has_the_name_of_the_secret(self, secrets_directory: Path) -> None:
        (secrets_directory / KEY).write_text("from a file\n")
        assert get_connector_secret(KEY) == "from a file"

    def test_the_environment_comes_before_the_file(
        self, secrets_directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (secrets_directory / KEY).write_text("from a file")
        monkeypatch.setenv(VARIABLE, "from the environment")
        assert get_connector_secret(KEY) == "from the environment"

    def test_the_sources_of_a_call_come_first_in_their_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "from the environment")
        token = secret_sources.set((lambda key: None, lambda key: f"second {key}", lambda key: "third"))
        try:
            assert get_connector_secret(KEY) == f"second {KEY}"
        finally:
            secret_sources.reset(token)

    def test_an_empty_secret_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "")
        assert get_connector_secret(KEY) == ""

    def test_the_old_name_does_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "value")
        assert get_agent_secret(secret_key=KEY) == get_connector_secret(secret_key=KEY) == "value"


class TestNotFound:
    def test_the_error_lists_the_places_that_were_searched(self, secrets_directory: Path) -> None:
        with pytest.raises(SecretNotFound, match=r"^Cannot find the secret 'nothing'; looked in: ") as e:
            get_connector_secret("nothing")
        assert str(e.value).endswith(
            "the call's secrets, the connector_core_secret hooks, the variable _FSEC_NOTHING, "
            f"the file {secrets_directory}/nothing."
        )
        assert e.value.key == "nothing"

    def test_the_default_directory_is_where_flyte_mounts_secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("FLYTE_SECRETS_DEFAULT_DIR")
        with pytest.raises(SecretNotFound, match=r"the file /etc/secrets/no-such-secret-here\.$"):
            get_connector_secret("no-such-secret-here")

    @pytest.mark.parametrize("key", ["", ".", "..", "../etc/passwd", "/etc/passwd", "a b", "a\n", "a\0", "é", "a=b"])
    def test_a_key_cannot_name_a_file_outside_the_directory(self, key: str) -> None:
        with pytest.raises(SecretNotFound, match="looked in: nowhere, because a key consists of letters, digits"):
            get_connector_secret(key)

    def test_a_file_that_is_not_text_is_ignored(self, secrets_directory: Path) -> None:
        (secrets_directory / KEY).write_bytes(b"\xff\xfe")
        with pytest.raises(SecretNotFound, match=KEY):
            get_connector_secret(KEY)

    def test_a_directory_is_ignored(self, secrets_directory: Path) -> None:
        (secrets_directory / KEY).mkdir()
        with pytest.raises(SecretNotFound, match=KEY):
            get_connector_secret(KEY)


class TestSecret:
    def test_it_is_a_str(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "hunter2")
        found = get_connector_secret(KEY)
        assert isinstance(found, str)
        assert isinstance(found, Secret)
        assert found + "!" == "hunter2!"

    def test_it_does_not_show_in_the_repr_of_its_container(self) -> None:
        assert "hunter2" not in repr([Secret("hunter2"), {"x": Secret("hunter2")}])

    def test_it_does_not_show_in_the_locals_of_a_traceback(self) -> None:
        def fail() -> None:
            password = Secret("hunter2")
            raise RuntimeError(f"{len(password)}")

        with pytest.raises(RuntimeError, match="7") as e:
            fail()
        shown = "".join(traceback.TracebackException.from_exception(e.value, capture_locals=True).format())
        assert "password = Secret('***')" in shown

    @pytest.mark.parametrize("python_type", [None, str])
    def test_it_cannot_become_a_literal(self, python_type: type | None) -> None:
        with pytest.raises(LiteralError, match="Secret"):
            to_literal(Secret("hunter2"), python_type)

    @pytest.mark.parametrize("holder", [[Secret("x")], {"x": Secret("x")}, {"x": [Secret("x")]}, {Secret("x"): 1}])
    def test_it_cannot_be_part_of_a_literal(self, holder: object) -> None:
        with pytest.raises(LiteralError, match="Secret"):
            to_literal(holder)
