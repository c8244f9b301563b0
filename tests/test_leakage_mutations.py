"""A clean program in which one line is moved or one name is swapped, so that held-out rows leak, is found out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import shelf


class Leak(NamedTuple):
    """A program of the family `leakage`, the finding that a change in it must bring, and the change."""

    program: str
    code: str
    what: str
    swaps: Mapping[str, str]
    """Texts that occur once each, and what stands there instead."""
    missed: str = ""
    """Why it is not found yet, or empty."""

    def __str__(self) -> str:
        return f"{self.code} {self.program}: {self.what}"


FITS = [
    Leak(
        "cruises_stacked_clean",
        "LEA001",
        "the fares of both years are filled with one median",
        {"X, X_new = both": 'both["fare"] = both["fare"].fillna(both["fare"].median())\nX, X_new = both'},
    ),
    Leak(
        "ages_by_title_clean",
        "LEA001",
        "the mean of all women fills the gaps",
        {'women = train[train["sex"]': 'women = people[people["sex"]'},
    ),
    Leak(
        "gaps_filled_by_forest_clean",
        "LEA001",
        "the forest learns from all wells",
        {'measured = train[train["depth"]': 'measured = wells[wells["depth"]'},
    ),
    Leak(
        "homes_aligned_clean",
        "LEA012",
        "the columns are those of all homes",
        {"homes[columns],": "pd.get_dummies(homes[columns]),"},
    ),
    Leak(
        "shares_last_window_clean",
        "LEA001",
        "all days say how to scale",
        {"scaled = scaler.fit_transform(known)": "scaler.fit(prices.iloc[:, 1:2])\nscaled = scaler.transform(known)"},
    ),
    Leak(
        "scaled_after_split",
        "LEA001",
        "the scaler sees the tumours that are held out",
        {"X_train = scaler.fit_transform(X_train)": "scaler.fit(X)\nX_train = scaler.transform(X_train)"},
    ),
    Leak(
        "scaled_after_split",
        "LEA002",
        "the held-out tumours get a scale of their own",
        {"X_test = scaler.transform(X_test)": "X_test = scaler.fit_transform(X_test)"},
    ),
    Leak(
        "rentals_by_hand_clean",
        "LEA001",
        "gaps are filled with the median of all flats",
        {"median = train[NUMBERS]": "median = flats[NUMBERS]"},
    ),
    Leak(
        "rentals_by_hand_clean",
        "LEA002",
        "the held-out flats are filled with their own median",
        {"test[NUMBERS].fillna(median)": "test[NUMBERS].fillna(test[NUMBERS].median())"},
    ),
    Leak(
        "house_bins_clean",
        "LEA001",
        "quantiles of all houses are the edges",
        {'pd.cut(houses["age"], EDGES, labels=False)': 'pd.qcut(houses["age"], 8, labels=False)'},
    ),
    Leak(
        "house_bins_clean",
        "LEA001",
        "mean prices are those of all houses",
        {"usual = train.groupby": "usual = houses.groupby"},
    ),
    Leak(
        "genes_selected_inside",
        "LEA001",
        "genes are selected before the folds",
        {
            "folds = S": "genes = SelectKBest(f_classif, k=300).fit_transform(genes, relapse)\nfolds = S",
        },
    ),
    Leak(
        "spam_words_clean",
        "LEA001",
        "words are weighed in all messages",
        {"vectorizer.fit_transform(texts)": 'vectorizer.fit(messages["text"]).transform(texts)'},
    ),
    Leak("sensors_by_index_clean", "LEA001", "moments of the whole table", {"moments(x[:n])": "moments(x)"}),
    Leak(
        "components_inside_folds",
        "LEA001",
        "components of all faces serve every fold",
        {"clone(squeeze).fit(X[train])": "clone(squeeze).fit(X)"},
    ),
    Leak(
        "components_inside_folds",
        "LEA002",
        "each held-out fold has components of its own",
        {"knn.score(pca.transform(X[test])": "knn.score(pca.fit_transform(X[test])"},
    ),
    Leak(
        "folds_scaled_clean",
        "LEA002",
        "the scaler is fitted to the validation fold",
        {"X_val = scaler.transform(X[val])": "X_val = scaler.fit_transform(X[val])"},
    ),
    Leak(
        "folds_scaled_clean",
        "LEA001",
        "the scaler is fitted to all rows in each fold",
        {"X_train = scaler.fit_transform(X[train])": "X_train = scaler.fit(X).transform(X[train])"},
    ),
    Leak(
        "bikes_prepared_clean",
        "LEA002",
        "the second file is prepared by steps of its own",
        {'prepare("bikes_test.csv", steps)': 'prepare("bikes_test.csv")'},
    ),
    Leak(
        "churn_columns_clean",
        "LEA001",
        "columns are prepared before the split",
        {
            "    X_train, X_test,": "    X = preparation().fit_transform(X)\n    X_train, X_test,",
            '("columns", preparation()), ': "",
        },
    ),
    Leak(
        "signals_centred_clean",
        "LEA002",
        "the test signals are centred on themselves",
        {"(x_test - centre) / spread": "(x_test - x_test.mean(dim=0)) / x_test.std(dim=0)"},
    ),
    Leak(
        "topic_vocabulary_clean",
        "LEA001",
        "the vocabulary is counted over all headlines",
        {"for words, _ in train for word in words": "for words, _ in headlines for word in words"},
        "a count in a generator over rows that a comprehension numbers later",
    ),
    Leak(
        "concrete_tensors_clean",
        "LEA001",
        "all rows say how to centre",
        {"features[train].mean(dim=0), features[train].std(dim=0)": "features.mean(dim=0), features.std(dim=0)"},
    ),
    Leak(
        "keras_adapted_clean",
        "LEA001",
        "the layer is adapted to all cars",
        {"norm.adapt(x_train)": 'norm.adapt(cars[features].to_numpy("float32"))'},
        "what an adapted layer has estimated does not enter the network that it is a layer of",
    ),
    Leak(
        "film_reviews_tokenized_clean",
        "LEA001",
        "words of all reviews are numbered",
        {"tokenizer.fit_on_texts(texts)": 'tokenizer.fit_on_texts(reviews["review"])'},
    ),
    Leak(
        "pictures_standardised_clean",
        "LEA002",
        "the test pictures are centred on themselves",
        {"(x_test - mean) / std": "(x_test - np.mean(x_test, axis=0)) / np.std(x_test, axis=0)"},
    ),
    Leak(
        "tides_in_arrays_clean",
        "LEA001",
        "the range is that of the whole series",
        {"tides[:border].min(), tides[:border].max()": "tides.min(), tides.max()"},
    ),
]
"""Fits moved across the split, or made anew on held-out rows."""
LOADERS = [
    Leak(
        "fashion_right_loader",
        "LEA013",
        "the validation loader serves the training part",
        {"val_loader = DataLoader(val_set": "val_loader = DataLoader(train_set"},
    ),
    Leak(
        "fashion_right_loader",
        "LEA003",
        "the test is the validation of the training loader",
        {
            "validate(model, test_loader, device)": "validate(model, train_loader, device)",
            "validate(model, val_loader, device)": "validate(model, train_loader, device)",
        },
    ),
    Leak(
        "sampler_for_each",
        "LEA013",
        "one sampler for both",
        {"SubsetRandomSampler(indices[a:b])": "SubsetRandomSampler(indices[:a])"},
    ),
    Leak(
        "both_losses_in_one_line_clean",
        "LEA003",
        "the validation reads the training reviews",
        {
            "from_numpy(features[cut:])": "from_numpy(features[:cut])",
            "from_numpy(labels[cut:])": "from_numpy(labels[:cut])",
        },
    ),
    Leak(
        "fires_upsampled_by_index_clean",
        "LEA003",
        "the fires that are judged are those that were learnt",
        {"index.isin(held)": "index.isin(learn)"},
    ),
    Leak("concrete_tensors_clean", "LEA013", "both loaders serve the same rows", {"loader(val)": "loader(train)"}),
    Leak(
        "xrays_weighted_clean",
        "LEA003",
        "the folder of the training is read again",
        {'ImageFolder("chest/val", transform=plain)': 'ImageFolder("chest/train", transform=plain)'},
    ),
    Leak(
        "topic_vocabulary_clean",
        "LEA003",
        "the test loader is made of the training headlines",
        {"DataLoader(numbered(test), 256": "DataLoader(numbered(train), 256"},
        "a comprehension may choose rows, so its rows are not surely the same a second time",
    ),
    Leak(
        "scaled_after_split",
        "LEA003",
        "the model learns from all tumours",
        {"model.fit(X_train, y_train)": "model.fit(scaler.transform(X), y)"},
    ),
    Leak(
        "stopped_by_validation_keras",
        "LEA013",
        "the validation pictures stay among those that are learnt",
        {"x_train, y_train = x_train[:-10000], y_train[:-10000]\n": ""},
    ),
    Leak(
        "film_reviews_tokenized_clean",
        "LEA003",
        "the training reviews are the validation",
        {"validation_data=(x_val, y_val)": "validation_data=(x_train, y_train)"},
    ),
    Leak(
        "two_commands_clean",
        "LEA003",
        "what is scored are the rows of the training",
        {"_, tested = parts()": "tested, _ = parts()"},
        "the model goes from one command to the other through a file",
    ),
]
"""The validation is fed what the training is fed. Where a score on other rows is left, the milder LEA013 speaks."""
CHOICES = [
    Leak(
        "stopped_by_validation_keras",
        "LEA005",
        "the test pictures decide when to stop",
        {"validation_data=(x_val, y_val)": "validation_data=(x_test, y_test)"},
    ),
    Leak(
        "patience_on_validation",
        "LEA005",
        "the final rows decide",
        {"criterion(net(x_stop), y_stop).item()": "criterion(net(x_final), y_final).item()"},
    ),
    Leak(
        "boosted_by_validation",
        "LEA005",
        "the test rows count the rounds",
        {"eval_set=[(X_val, y_val)]": "eval_set=[(X_test, y_test)]"},
    ),
    Leak(
        "boosted_by_validation",
        "LEA005",
        "the test rows choose the threshold",
        {
            "model.predict_proba(X_val)": "model.predict_proba(X_test)",
            "f1_score(y_val, chances": "f1_score(y_test, chances",
        },
    ),
    Leak(
        "one_run_clean",
        "LEA005",
        "the test rows choose the size of a leaf",
        {"trees.score(X_val, y_val)": "trees.score(X_test, y_test)"},
    ),
    Leak(
        "sampler_for_each",
        "LEA005",
        "the test loader chooses the checkpoint",
        {"score = accuracy(valid_loader)": "score = accuracy(test_loader)"},
    ),
    Leak(
        "settings_searched_clean",
        "LEA005",
        "the study is judged by the test rows",
        {
            "errors = ": "return mean_absolute_error(y_test, model.fit(X_train, y_train).predict(X_test))\n    _ = ",
        },
    ),
    Leak(
        "margins_by_folds_clean",
        "LEA005",
        "margins are compared on the test rows",
        {
            "score = cross": "score = SVC(C=c).fit(X_train, y_train).score(X_test, y_test)\n    other = cross",
        },
    ),
]
"""The test rows decide where the validation rows did."""
COPIES = [
    Leak(
        "fraud_oversampled_clean",
        "LEA004",
        "synthetic frauds before the split",
        {
            'cards["Class"]\nX_train': 'cards["Class"]\nX, y = SMOTE(random_state=0).fit_resample(X, y)\nX_train',
            "X_res, y_res = SMOTE(random_state=42).fit_resample(X_train, y_train)": "X_res, y_res = X_train, y_train",
        },
    ),
    Leak(
        "fraud_oversampled_clean",
        "LEA004",
        "synthetic frauds before the folds",
        {
            "whole = ": "X, y = SMOTE(random_state=0).fit_resample(X, y)\nwhole = ",
        },
    ),
    Leak(
        "strokes_upsampled_clean",
        "LEA004",
        "patients are repeated before they are divided",
        {
            "train, test = train_test_split(patients,": "train, test = train_test_split(balanced(patients),",
            "train = balanced(train)\n": "",
        },
    ),
    Leak(
        "strokes_upsampled_clean",
        "LEA004",
        "patients are drawn with replacement before they are divided",
        {"resample(patients, replace=False": "resample(patients, replace=True"},
    ),
    Leak(
        "defects_in_folds_clean",
        "LEA004",
        "all bad castings are repeated before the folds",
        {
            "hits =": "b = np.repeat(X[y == 1], 5, 0)\nX, y = np.vstack([X, b]), np.r_[y, np.ones(len(b))]\nhits =",
        },
    ),
    Leak(
        "defects_in_folds_clean",
        "LEA004",
        "good ones are not thrown out, bad ones are drawn again",
        {
            "RandomUnderSampler(": "RandomOverSampler(",
            "under_sampling import RandomUnderSampler": "over_sampling import RandomOverSampler",
        },
    ),
]
"""Rows are multiplied before they are divided."""

LEAKS = [*FITS, *LOADERS, *CHOICES, *COPIES]


def original(leak: Leak) -> str:
    return (shelf.FIXTURES / "leakage" / f"{leak.program}.py").read_text(encoding="utf-8")


def changed(leak: Leak) -> str:
    text = original(leak)
    for was, instead in leak.swaps.items():
        if text.count(was) != 1:
            raise ValueError(f"{leak}: {was}")
        text = text.replace(was, instead)
    return text


def codes(text: str, folder: Path) -> set[str]:
    file = folder / "program.py"
    file.write_text(text, encoding="utf-8")
    return {said.spot.code for said in shelf.heard(file, folder)}


def case(leak: Leak) -> object:
    marks = [pytest.mark.xfail(raises=AssertionError, strict=True, reason=leak.missed)] if leak.missed else []
    return pytest.param(leak, marks=marks, id=str(leak))


@pytest.mark.parametrize("leak", [case(leak) for leak in LEAKS])
def test_a_leak_is_found(leak: Leak, tmp_path: Path) -> None:
    assert leak.code in codes(changed(leak), tmp_path)


@pytest.mark.parametrize("leak", LEAKS, ids=str)
def test_nothing_is_found_before(leak: Leak, tmp_path: Path) -> None:
    assert leak.code not in codes(original(leak), tmp_path)


def test_most_leaks_are_found() -> None:
    assert sum(not leak.missed for leak in LEAKS) >= 0.8 * len(LEAKS)
