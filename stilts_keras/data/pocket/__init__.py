"""The pocket world: a small parallel world in six languages, built in.

It stands in for the Hub where there is no network, and for XLM-R's data where
there are minutes instead of weeks: the same repositories, configurations,
columns and label orders, with sentences about some 130 concepts.

Meanings are drawn first, once for all languages, and then written out by
`grammar` and `writing`, so that row i says the same in every language. In this
world everybody and everything is in one place, has one size, mood, age, colour
and price, and does one thing at a time; "the animal" after "the dog" is the
dog.

A label never shows in one part of the input alone. It is drawn first, without
regard to anything; then both parts, each from a distribution that is the same
for every label; only how they fit together depends on it.

The plain text, which the pocket backbone was pretrained on, holds no sentence
that is tested by MultiNLI and XNLI, HellaSwag, SQuAD, XQuAD and LAReQA, UD-POS,
PAN-X, CCG, Tatoeba, BUCC 2018 or Mewsli-X. It may hold single sentences of the
other tasks, as Wikipedia may, but never their rows with labels.

Each module imports only those before it: `words`, `grammar`, `writing`;
`drawing`, `clauses`, `inference`, `meanings`, `text`; `schema`; `pairs`,
`choices`, `tagged`, `reading`, `topics`, `pools`, `mentions`; `voices`,
`spoken`; `catalogue`; `vocabulary`.

It has no speech: where tasks are heard, voices hum vowels that tell the class
(`voices`).
"""

from stilts_keras.data.pocket.catalogue import configs
from stilts_keras.data.pocket.catalogue import has
from stilts_keras.data.pocket.catalogue import languages
from stilts_keras.data.pocket.catalogue import load
from stilts_keras.data.pocket.catalogue import num_rows
from stilts_keras.data.pocket.catalogue import rows
from stilts_keras.data.pocket.catalogue import splits
from stilts_keras.data.pocket.vocabulary import train_tokenizer
from stilts_keras.data.pocket.words import LANGUAGES

# Belongs to fingerprints of data: raise it with every change of a row.
VERSION = 1

__all__ = [
    "LANGUAGES",
    "VERSION",
    "configs",
    "has",
    "languages",
    "load",
    "num_rows",
    "rows",
    "splits",
    "train_tokenizer",
]
