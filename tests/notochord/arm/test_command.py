"""The command `notochord arm`."""

import pytest

from notochord.cli import main


@pytest.mark.parametrize("what", ["parity", "times"])
def test_a_network_of_another_kind_is_refused_in_one_line(token_brain, what, capsys):
    assert main(["arm", what, "--brain", str(token_brain)]) == 2
    said = capsys.readouterr().err.strip()
    assert "a notochord alone" in said and "\n" not in said
