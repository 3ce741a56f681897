"""What answers are called: of a model whose classes are kinds of keys, or of any others.

In:    a verdict of predict/recogniser.py; a model's card
Out:   text for people; JSON and tables keep their names
Needs: nothing beyond Python
"""

from dataclasses import dataclass

from keykind.model.card import Card
from keykind.model.decision import REASON_TEXTS, UNKNOWN_KIND
from keykind.predict.recogniser import NOT_A_KEY


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for what a model recognises."""

    item: str  # what an answer is about
    items: str
    rejected: str  # the answer for what the model cannot know

    def verdict(self, verdict: str) -> str:
        """Return one of VERDICTS as text."""
        return self.rejected if verdict == NOT_A_KEY else verdict

    def reason(self, reason: str | None) -> str:
        """Return why a kind is not known as text; "" where there is nothing to say."""
        if reason is None or (reason == UNKNOWN_KIND and self.item != "key"):
            return ""
        return REASON_TEXTS[reason]

    def counted(self, count: int) -> str:
        """Return a number of items as text: "1 key", "1,000 keys"."""
        return f"{count:,} {self.item if count == 1 else self.items}"


KEYS = Wording("key", "keys", NOT_A_KEY)
CLASSES = Wording("photo", "photos", "none of the classes")


def wording_of(card: Card) -> Wording:
    """Return the words for a model with this card."""
    return KEYS if card.of_keys else CLASSES
