"""Examples at the end of the help of each command."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["EXAMPLES", "START", "epilog"]

# For each command: example commands with a short explanation, from simple to special.
EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "quickstart": {
        "bci-dann quickstart --jobs 2": "Use two processes.",
        "bci-dann quickstart -o first": "Write results to the folder first.",
    },
    "init": {
        "bci-dann init recordings -o my.yaml": "Write a configuration for these recordings.",
        "bci-dann init bids_dataset -o my.yaml --force": "Replace my.yaml if it exists.",
    },
    "check": {
        "bci-dann check my.yaml --data-dir recordings": "List cues and problems of each file.",
        "bci-dann check my.yaml --data-dir recordings --out check.html": "Add a page with plots.",
    },
    "run": {
        "bci-dann run quickstart --jobs 2": "Run a configuration of the package.",
        "bci-dann run my.yaml --data-dir recordings --dry-run": "Check files, without training.",
        "bci-dann run my.yaml --data-dir recordings --jobs 2": "Run, or continue a stopped run.",
        "bci-dann run my.yaml --pipelines bci_dann_light,ea_dann --seeds 0,1,2": "Change lists.",
        "bci-dann run quickstart --set preprocessing.band=[8,24] -o runs/mu": "Change one value.",
        "bci-dann run quickstart --dask local --jobs 2": "Use two Dask workers on this machine.",
        "bci-dann run my.yaml --dask tcp://10.0.0.1:8786": "Use the workers of a Dask scheduler.",
        "bci-dann run my.yaml --shard 1/4 -o runs/part1": "Run the first quarter of the tasks.",
        "bci-dann run regimes --data-dir recordings --regimes whole,artefacts": "Two regimes.",
        "bci-dann run suites/mi-v1 --dry-run": "Estimate the effort for nine public datasets.",
    },
    "report": {
        "bci-dann report runs/quickstart": "Write report.html in this folder again.",
        "bci-dann report runs/quickstart -o mine.html --texts paper": "Add texts for a paper.",
    },
    "merge": {
        "bci-dann merge runs/part1 runs/part2 -o runs/all": "Join two shards of a run.",
    },
    "choose": {
        "bci-dann choose my.yaml --data-dir recordings --dry-run": "List the tasks.",
        "bci-dann choose my.yaml --data-dir recordings --jobs 2": "Choose for each subject.",
    },
    "select": {
        "bci-dann select runs/quickstart": "Evaluate label-free selection on a finished run.",
        "bci-dann select runs/quickstart --pipelines dann,ea_csp_lda": "Choose among these two.",
    },
    "compare": {
        "bci-dann compare runs/before runs/after": "Compare configuration, code and accuracy.",
        "bci-dann compare runs/before runs/after --metric roc_auc": "Use another metric.",
    },
    "leaderboard": {
        "bci-dann leaderboard runs/mine runs/mi-v1 -o site": "Add a run and all runs of a suite.",
        "bci-dann leaderboard -o site": "Update the page after others have added entries.",
    },
    "publish": {
        'bci-dann publish runs/mine -o mine.csv --note "Nine subjects."': "Write a table to cite.",
        'bci-dann publish runs/mine -o mine.csv --note "..." --reference dann': "Gains over dann.",
    },
    "diagnose": {
        "bci-dann diagnose quickstart": "Print tables, write plots to runs/quickstart/diagnosis.",
        "bci-dann diagnose my.yaml --data-dir recordings -o shift": "Diagnose your own recordings.",
    },
    "fit": {
        "bci-dann fit quickstart -o model": "Train the default recipe without networks.",
        "bci-dann fit my.yaml --data-dir recordings -p bci_dann -o m": "Train it with networks.",
        "bci-dann fit my.yaml --data-dir recordings --exclude 9,10 -o m": "Leave out two subjects.",
    },
    "acquire": {
        "bci-dann acquire EEG -o a_raw.fif --classes left_hand,right_hand": "20 trials of each.",
        "bci-dann acquire EEG -o a_raw.fif --model model --trials 10": "Classes of a model.",
        "bci-dann acquire EEG -o a_raw.fif --model model --page": "Show cues in the browser.",
        "bci-dann acquire EEG -o b_raw.fif --classes right_hand --rest": "A task against rest.",
    },
    "adapt": {
        "bci-dann adapt model run1.fif -o adapted": "Adapt to one recording of a new subject.",
        "bci-dann adapt model run1.edf run2.edf -o adapted": "Several, in order of recording.",
        "bci-dann adapt model run1.edf --cue cue -o adapted": "Trials start at the event 'cue'.",
        "bci-dann adapt model run1.edf --bad C3 --bad P8 -o adapted": "Two channels are bad.",
    },
    "predict": {
        "bci-dann predict builtin:right-hand-rest my.edf": "Use the built-in model.",
        "bci-dann predict hub:OWNER/NAME@v1 my.edf": "Use a model of the Hugging Face Hub.",
        "bci-dann predict adapted run2.fif": "Write predictions.csv.",
        "bci-dann predict adapted run2.edf run3.edf -o today.csv": "Two recordings, one table.",
        "bci-dann predict adapted run2.edf --abstain-below 0.7": "No class for uncertain trials.",
    },
    "evaluate": {
        "bci-dann evaluate adapted run2.edf run3.edf": "Take the classes from the events.",
        "bci-dann evaluate adapted run2.edf --labels few.csv": "Take the classes from a table.",
        "bci-dann evaluate adapted run2.edf --cue start_left=left_hand": "Name events and classes.",
        "bci-dann evaluate adapted run2.edf --json > scores.json": "Output for another program.",
    },
    "replay": {
        "bci-dann replay adapted run2.fif -o replay.png": "Decisions, accuracy and a plot.",
        "bci-dann replay model run1.edf --adapting --step 0.5": "Adapt continuously.",
    },
    "stream": {
        "bci-dann stream adapted --lsl EEG --page": "Print decisions, show them in the browser.",
        "bci-dann stream adapted --lsl EEG --outlet decoded": "Send them as an LSL stream, too.",
    },
    "inspect": {
        "bci-dann inspect": "List the built-in models.",
        "bci-dann inspect builtin:right-hand-rest": "Describe the built-in model.",
        "bci-dann inspect model --json": "Describe your own model, for another program.",
    },
    "export": {
        "bci-dann export adapted -o adapted.onnx": "Export a model for the new subject.",
        "bci-dann export model -o model.onnx --check": "Compare the file with the model.",
    },
    "push": {
        "bci-dann push model me/mi-openbci": "Upload, private; needs `hf auth login` or HF_TOKEN.",
        "bci-dann push model me/mi-openbci --public --revision v1": "To the branch v1, public.",
    },
    "doctor": {
        "bci-dann doctor": "The exit code is 0 if no problem is found.",
    },
    "datasets": {
        "bci-dann datasets": "List all datasets.",
        "bci-dann datasets 2014": "List those with 2014 in their name.",
    },
    "pipelines": {
        "bci-dann pipelines": "List all pipelines.",
        "bci-dann pipelines dann": "List those with dann in their name.",
    },
    "docs": {
        "bci-dann docs": "Open the documentation in the browser.",
        "bci-dann docs --path": "Print its location.",
    },
}

# At the end of `bci-dann --help`.
START: Mapping[str, str] = {
    "bci-dann quickstart --jobs 2": "Compare methods on simulated subjects.",
    "bci-dann run --help": "Show the options and examples of a command.",
    "bci-dann --install-completion": "Enable completion of names by the Tab key.",
}


def epilog(examples: Mapping[str, str]) -> str:
    """Return examples as text for the end of a help page.

    Parameters
    ----------
    examples : mapping of str to str
        Example commands with explanations.

    Returns
    -------
    str
        Rich markup, with a paragraph for each example.
    """
    paragraphs = [f"[cyan]{command}[/cyan]\n   {meaning}" for command, meaning in examples.items()]
    return "\n\n".join(["[bold]Examples[/bold]", *paragraphs])
