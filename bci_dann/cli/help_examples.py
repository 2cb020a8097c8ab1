"""Worked examples at the end of each command's help."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["EXAMPLES", "START", "epilog"]

# For each command, lines to type and what they do, in the order in which a user meets them.
EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "quickstart": {
        "bci-dann quickstart --jobs 2": "Two tasks at a time.",
        "bci-dann quickstart -o first": "Into the folder first.",
    },
    "init": {
        "bci-dann init recordings -o my.yaml": "Write what the files show into my.yaml.",
        "bci-dann init bids_dataset -o my.yaml --force": "Replace my.yaml if it exists.",
    },
    "check": {
        "bci-dann check my.yaml --data-dir recordings": "Cues of each file, and problems.",
        "bci-dann check my.yaml --data-dir recordings --out check.html": "With pictures.",
    },
    "run": {
        "bci-dann run quickstart --jobs 2": "A configuration that comes with the package.",
        "bci-dann run my.yaml --data-dir recordings --dry-run": "Check files, train nothing.",
        "bci-dann run my.yaml --data-dir recordings --jobs 2": "Run, or go on where it stopped.",
        "bci-dann run my.yaml --pipelines bci_dann_light,ea_dann --seeds 0,1,2": "Other lists.",
        "bci-dann run quickstart --set preprocessing.band=[8,24] -o runs/mu": "One value changed.",
        "bci-dann run quickstart --dask local --jobs 2": "Two Dask workers on this machine.",
        "bci-dann run my.yaml --dask tcp://10.0.0.1:8786": "The workers of a Dask scheduler.",
        "bci-dann run my.yaml --shard 1/4 -o runs/part1": "The first quarter of the tasks.",
        "bci-dann run regimes --data-dir recordings --regimes whole,artefacts": "Two regimes.",
        "bci-dann run suites/mi-v1 --dry-run": "Nine public data sets: what they would take.",
    },
    "report": {
        "bci-dann report runs/quickstart": "Write report.html in that folder again.",
        "bci-dann report runs/quickstart -o mine.html --texts paper": "Texts for a paper, too.",
    },
    "merge": {
        "bci-dann merge runs/part1 runs/part2 -o runs/all": "Join two shards of a run.",
    },
    "choose": {
        "bci-dann choose my.yaml --data-dir recordings --dry-run": "Count the tasks.",
        "bci-dann choose my.yaml --data-dir recordings --jobs 2": "Choose for each subject.",
    },
    "select": {
        "bci-dann select runs/quickstart": "Scores without labels, on a finished run.",
        "bci-dann select runs/quickstart --pipelines dann,ea_csp_lda": "Among these two.",
    },
    "compare": {
        "bci-dann compare runs/before runs/after": "Configuration, code and accuracy.",
        "bci-dann compare runs/before runs/after --metric roc_auc": "Another metric.",
    },
    "leaderboard": {
        "bci-dann leaderboard runs/mine runs/mi-v1 -o site": "A run, and all of a suite.",
        "bci-dann leaderboard -o site": "The page again, after entries came from others.",
    },
    "publish": {
        'bci-dann publish runs/mine -o mine.csv --note "Nine subjects."': "A table to cite.",
        'bci-dann publish runs/mine -o mine.csv --note "..." --reference dann': "Gains over dann.",
    },
    "diagnose": {
        "bci-dann diagnose quickstart": "Tables here, pictures in runs/quickstart/diagnosis.",
        "bci-dann diagnose my.yaml --data-dir recordings -o shift": "Your own recordings.",
    },
    "fit": {
        "bci-dann fit quickstart -o model": "The default recipe without its networks.",
        "bci-dann fit my.yaml --data-dir recordings -p bci_dann -o m": "With its network.",
        "bci-dann fit my.yaml --data-dir recordings --exclude 9,10 -o m": "Not on these subjects.",
    },
    "acquire": {
        "bci-dann acquire EEG -o a_raw.fif --classes left_hand,right_hand": "20 trials of each.",
        "bci-dann acquire EEG -o a_raw.fif --model model --trials 10": "Its classes and times.",
        "bci-dann acquire EEG -o a_raw.fif --model model --page": "In the browser.",
        "bci-dann acquire EEG -o b_raw.fif --classes right_hand --rest": "A task against rest.",
    },
    "adapt": {
        "bci-dann adapt model run1.fif -o adapted": "One recording of the new subject.",
        "bci-dann adapt model run1.edf run2.edf -o adapted": "Several, in order of recording.",
        "bci-dann adapt model run1.edf --cue cue -o adapted": "Trials start at these annotations.",
        "bci-dann adapt model run1.edf --bad C3 --bad P8 -o adapted": "Two electrodes are bad.",
    },
    "predict": {
        "bci-dann predict builtin:right-hand-rest my.edf": "A model that comes with the package.",
        "bci-dann predict hub:OWNER/NAME@v1 my.edf": "A model of the Hugging Face Hub.",
        "bci-dann predict adapted run2.fif": "Into predictions.csv.",
        "bci-dann predict adapted run2.edf run3.edf -o today.csv": "Several, into today.csv.",
        "bci-dann predict adapted run2.edf --abstain-below 0.7": "No class where it is uncertain.",
    },
    "evaluate": {
        "bci-dann evaluate adapted run2.edf run3.edf": "Events tell the classes, as in training.",
        "bci-dann evaluate adapted run2.edf --labels few.csv": "A table tells them.",
        "bci-dann evaluate adapted run2.edf --cue start_left=left_hand": "Other events.",
        "bci-dann evaluate adapted run2.edf --json > scores.json": "For another program.",
    },
    "replay": {
        "bci-dann replay adapted run2.fif -o replay.png": "Decisions, accuracy and a picture.",
        "bci-dann replay model run1.edf --adapting --step 0.5": "The model follows the subject.",
    },
    "stream": {
        "bci-dann stream adapted --lsl EEG --page": "Lines of JSON, and a page in the browser.",
        "bci-dann stream adapted --lsl EEG -o today.jsonl --outlet decoded": "Also as a stream.",
    },
    "inspect": {
        "bci-dann inspect": "The models that come with the package.",
        "bci-dann inspect builtin:right-hand-rest": "What one of them is.",
        "bci-dann inspect model --json": "A model of your own, for another program.",
    },
    "export": {
        "bci-dann export adapted -o adapted.onnx": "With the references of the new subject.",
        "bci-dann export model -o model.onnx --check": "Compared with the model.",
    },
    "push": {
        "bci-dann push model me/mi-openbci": "Private; needs `hf auth login`, or HF_TOKEN.",
        "bci-dann push model me/mi-openbci --public --revision v1": "The branch v1, for all.",
    },
    "doctor": {
        "bci-dann doctor": "Exit code 0: nothing is wrong.",
    },
    "datasets": {
        "bci-dann datasets": "All of them.",
        "bci-dann datasets 2014": "Those with 2014 in their name.",
    },
    "pipelines": {
        "bci-dann pipelines": "All of them.",
        "bci-dann pipelines dann": "Those with dann in their name.",
    },
    "docs": {
        "bci-dann docs": "In the browser.",
        "bci-dann docs --path": "Where they are.",
    },
}

# At the end of `bci-dann --help`.
START: Mapping[str, str] = {
    "bci-dann quickstart --jobs 2": "See it work, on simulated subjects.",
    "bci-dann run --help": "Examples, as for every command.",
    "bci-dann --install-completion": "Let the Tab key complete names.",
}


def epilog(examples: Mapping[str, str]) -> str:
    """Return examples as the end of a help page.

    Parameters
    ----------
    examples : mapping of str to str
        What to type, and what it does.

    Returns
    -------
    str
        Rich markup, one paragraph an example.
    """
    paragraphs = [f"[cyan]{command}[/cyan]\n   {meaning}" for command, meaning in examples.items()]
    return "\n\n".join(["[bold]Examples[/bold]", *paragraphs])
