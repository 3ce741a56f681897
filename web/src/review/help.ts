/**
 * What the help of the review page lists.
 *
 * In:    nothing
 * Out:   shortcuts, gestures
 * Needs: nothing
 */

type Section = readonly [title: string, rows: readonly (readonly [keys: string, text: string])[]];

/** What touch can do, for the help. */
export const GESTURES: readonly Section[] = [
  [
    'Decide',
    [
      ['Large button', 'the decision that is most likely right'],
      ['A kind', 'give the photo this kind'],
      ['Leave out', 'do not use the photo, with a reason'],
      ['Arrow, top', 'undo, as often as you like'],
    ],
  ],
  [
    'Move',
    [
      ['Small pictures', 'another photo, without a decision'],
      ['List, top', 'another queue'],
      ['Lens, top', 'find a photo by its name'],
      ['Two fingers', 'enlarge; the button on the photo, too'],
    ],
  ],
  [
    'Mark keys',
    [
      ['Mark keys', 'start marking'],
      ['Two taps', 'the head of a key, then its tip'],
      ['Drag an end', 'move it; a tap on a key selects it'],
    ],
  ],
];

/** All shortcuts, for the help. */
export const SHORTCUTS: readonly Section[] = [
  [
    'Decide',
    [
      ['Enter or Space', 'the main button'],
      ['c', 'keep the present label'],
      ['+', 'type the name of a kind, or of a new one'],
      ['x', 'leave the photo out, with a reason'],
      ['0', 'unsure: leave it out for now'],
      ['k', 'name the physical key that the photo shows'],
      ['u or Ctrl Z', 'undo, as often as you like; while marking keys, the last step first'],
    ],
  ],
  [
    'Move',
    [
      ['\u2190 \u2192', 'previous and next photo, without a decision'],
      ['Home End', 'first and last photo of the queue'],
      ['/', 'find a photo by its name'],
      ['\u2191 \u2193', 'previous and next queue'],
      ['z', 'enlarge, or show the whole photo; the wheel and two fingers too'],
      ['f', 'photo only'],
      ['Esc', 'leave what is open'],
    ],
  ],
  [
    'Several photos',
    [
      ['s', 'they show the same physical key'],
      ['d', 'they show different keys'],
      ['x', 'leave one out'],
      ['t', 'move the training photo to test'],
    ],
  ],
  [
    'Mark keys',
    [
      ['m', 'start marking; add a key with the arrow keys and Enter'],
      ['two taps', 'the head of a key, then its tip'],
      ['k', 'select the next key'],
      ['Del', 'delete the selected key'],
      ['r', 'swap its head and tip'],
      ['n', 'no key here: save it with Enter'],
      ['u or Ctrl Z', 'undo the last step'],
    ],
  ],
];
