"""What answers are called: of a model whose classes are kinds of keys, or of any others.

In:    a verdict of predict/prediction.py; a model's card
Out:   text for people; JSON and tables keep their names
Needs: nothing beyond Python
"""

from dataclasses import dataclass, replace

from keykind.model.card import Card
from keykind.model.decision import REASON_TEXTS, UNKNOWN_KIND

NOT_A_KEY = "not a key"  # the verdict that no key was seen, whatever the classes
UNLIKE = "unlike the training photos"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for what a model recognises."""

    item: str  # what an answer is about
    items: str
    rejected: str  # the answer for what the model cannot know
    of_keys: bool = True
    confidence_threshold: float = 1.0  # of the card

    def verdict(self, verdict: str) -> str:
        """Return one of VERDICTS as text."""
        return self.rejected if verdict == NOT_A_KEY else verdict

    def reason(self, reason: str | None, probability: float) -> str:
        """Return why a kind is not known as text; "" where there is nothing to say.

        probability: of the most probable kind; if it is enough, the out-of-distribution score was too high.
        """
        if reason == UNKNOWN_KIND and not self.of_keys:
            return UNLIKE if probability >= self.confidence_threshold else ""
        return "" if reason is None else REASON_TEXTS[reason]

    def counted(self, count: int) -> str:
        """Return a number of items as text: "1 key", "1,000 keys"."""
        return f"{count:,} {self.item if count == 1 else self.items}"

    def missing(self, count: int) -> tuple[str, str]:
        """Return fault and remedy for the choice of an item that is not among the `count` of a photo."""
        if not self.of_keys:  # the whole photo was classified
            return "has 1 answer, for the whole photo", "leave the number out, or choose 1"
        if not count:
            return "no key was detected", "leave the number out, to see the evidence in the whole photo"
        return (
            f"has {self.counted(count)}",
            "choose key 1" if count == 1 else f"choose a key from 1 to {count}",
        )


KEYS = Wording("key", "keys", NOT_A_KEY)
CLASSES = Wording("photo", "photos", "none of the classes", of_keys=False)


def wording_of(card: Card) -> Wording:
    """Return the words for a model with this card."""
    return KEYS if card.of_keys else replace(CLASSES, confidence_threshold=card.confidence_threshold)
