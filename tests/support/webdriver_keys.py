"""Keys and clicks as the input actions of WebDriver, which BiDi shares.

In:    names of keys; an element
Out:   JSON for performActions
Needs: nothing

Source: W3C, WebDriver, https://www.w3.org/TR/webdriver2/#keyboard-actions
"""

CODES = {
    "ArrowDown": "\ue015",
    "ArrowLeft": "\ue012",
    "ArrowRight": "\ue014",
    "ArrowUp": "\ue013",
    "Delete": "\ue017",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Space": " ",
    "Tab": "\ue004",
    "End": "\ue010",
    "Home": "\ue011",
}


def key_actions(*keys: str) -> list[dict]:
    """Return the actions that press keys one after the other."""
    codes = [CODES.get(key, key) for key in keys]
    strokes = [{"type": kind, "value": code} for code in codes for kind in ("keyDown", "keyUp")]
    return [{"type": "key", "id": "keyboard", "actions": strokes}]


def click_actions(element: dict, right: int = 0, down: int = 0) -> list[dict]:
    """Return the actions that click an element, in the form of the protocol.

    right, down: px from its centre.
    """
    actions = [
        {"type": "pointerMove", "x": right, "y": down, "origin": element},
        {"type": "pointerDown", "button": 0},
        {"type": "pointerUp", "button": 0},
    ]
    return [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}]
