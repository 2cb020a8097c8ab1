"""Sentences and tables in a pipe: whole, without markup, problems on the error stream."""

from __future__ import annotations

from bci_dann.cli.console import print_problem, print_progress, print_sentence, print_table


def test_a_sentence_stays_on_one_line_and_keeps_its_brackets(capsys):
    sentence = "csp[n_components=2] [bold]and[/bold] " + "word " * 100
    print_sentence(sentence)
    assert capsys.readouterr().out.rstrip("\n") == sentence


def test_a_table_keeps_names_in_one_piece(capsys):
    name = "shallow[n_components=2,alignment=none]"
    print_table("Title", ("pipeline", "accuracy"), [(name, "70.1"), ("b", "60.0")])
    printed = capsys.readouterr()
    assert name in printed.out
    assert printed.out.startswith("Title")
    assert printed.err == ""


def test_a_table_may_be_empty(capsys):
    print_table("None", ("pipelines",), [])
    assert "pipelines" in capsys.readouterr().out


def test_problems_go_to_the_error_stream(capsys):
    print_problem("Error: [red]wrong[/red] in " + "x" * 300)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.rstrip("\n") == "Error: [red]wrong[/red] in " + "x" * 300


def test_names_between_colons_are_no_emoji(capsys):
    name = "subject A:cat:1 of a:100:b"
    print_sentence(name)
    print_table(name, (name,), [(name,)])
    assert capsys.readouterr().out.count(name) == 4
    print_progress(name)
    print_problem(f"Error: {name}")
    assert capsys.readouterr().err.count(name) == 2
