"""Where a task's rows lie: on the Hub, or in a folder of that layout."""

import dataclasses
import hashlib
import itertools
import re
import unicodedata
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repository:
    """Where the rows lie: a Hub repository, or a folder of that layout.

    Attributes:
        id: str. `namespace/name` on the Hub; also the folder's path below the
            data folder.
        config: str. Configuration name; `{language}` is replaced by the
            language's name in this repository.
        configs: mapping from a language to the configurations that hold it,
            in place of `config`; their rows are joined. The repository has no
            other languages then.
        columns: mapping from a column of the Task to the repository's name of
            it, where that is another.
        language_names: mapping from our language codes to this repository's,
            where they differ.
        splits: mapping from `train`, `dev` and `test` to the repository's;
            several of these are joined by `+`.
        language_column: str or None. Where one configuration holds several
            languages: the column whose text, up to its first `-`, is the
            row's language by this repository's name. `context.language` is
            the field `language` of the objects in `context`.
        parts: mapping from a part's name to its configuration, where a task
            reads several. Their rows are stacked; the column `part` tells
            which is which.
        revision: str or None. Branch, tag or commit on the Hub.
        by_folder: bool. True where the revision holds `config/split` folders
            and no configurations (the `refs/convert/parquet` branches):
            loading these by config name would join all configurations.
        on_hub: bool. False for layouts that exist only as local folders.
        split_column: str or None. Where the data set has no official splits:
            the column whose wording decides by its hash which of ours a row is
            in; `splits` then names the same file for each.
        split_shares: mapping from `train`, `dev` and `test` to the share of
            the texts that each gets; they add up to 1.
        without: mapping from `train`, `dev` or `test` to the languages that
            the repository is documented not to have in that split.
    """

    id: str
    config: str = "default"
    configs: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    language_names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    splits: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {
            "train": "train",
            "dev": "validation",
            "test": "test",
        }
    )
    language_column: str | None = None
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    revision: str | None = None
    by_folder: bool = False
    on_hub: bool = True
    split_column: str | None = None
    split_shares: Mapping[str, float] = dataclasses.field(default_factory=dict)
    without: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )

    def split_of(self, text):
        """Returns which of our splits a text's rows are in.

        Args:
            text: str. Of `split_column`. Case, punctuation, white space and
                ways of encoding a letter make no other wording.
        """
        letters = unicodedata.normalize("NFKC", text).casefold()
        wording = " ".join(re.findall(r"\w+", letters))
        digest = hashlib.sha256(wording.encode("utf-8")).digest()
        place = int.from_bytes(digest[:8]) / 2**64
        bounds = itertools.accumulate(self.split_shares.values())
        for split, bound in zip(self.split_shares, bounds, strict=True):
            if place < bound:
                return split
        # Of shares whose sum is a rounding error below 1.
        return list(self.split_shares)[-1]

    @property
    def tells_languages(self):
        """Whether rows of one language are told from those of others."""
        configs = self.parts.values() if self.parts else [self.config]
        return bool(self.language_column or self.configs) or all(
            "{language}" in config for config in configs
        )

    def may_hold(self, language, split):
        """Whether rows of a language and split could lie here at all."""
        return split in self.splits and (
            not self.configs or language in self.configs
        )

    def is_documented(self, language, split):
        """Whether the repository itself is said to have such rows."""
        return self.may_hold(language, split) and (
            language not in self.without.get(split, ())
        )

    def configs_for(self, language, part=None):
        """Returns the configurations that hold one language, or its part.

        Returns:
            Tuple of str; empty where the repository has no such language.
        """
        if self.configs:
            return self.configs.get(language, ())
        return (self.config_for(language, part),)

    def config_for(self, language, part=None):
        """Returns the one configuration of a language, or of its part."""
        config = self.parts[part] if part else self.config
        return config.format(language=self.language_name(language))

    def language_name(self, language):
        """Returns this repository's name of one of our language codes."""
        return self.language_names.get(language, language)
