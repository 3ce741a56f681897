/**
 * What the review page says, in English as the command line does.
 *
 * In:    values
 * Out:   texts
 * Needs: format.ts
 */

import { count, dateText, percent, plural } from './format';

/** Return the name of a kind, which is that of its folder. */
export function kindName(kind: string | null): string {
  return kind || W.noLabel;
}

interface Named {
  readonly name: string;
  readonly done: string;
}

const named = (name: string, done: string): Named => ({ name, done });

export const W = {
  title: 'Review',
  pageTitle: (queue: string): string => `${queue} – review – keykind`,
  noScript: 'This page needs JavaScript.',
  close: 'Close',
  cancel: 'Cancel',
  starting: 'Opening the folder…',
  photo: (n: number, of: number): string => `${count(n)} of ${count(of)}`,
  photoNumber: (n: number): string => `Photo ${n}`,
  noLabel: 'no label',

  // Queues
  queues: 'Queues',
  queueOption: (title: string, open: number): string => `${title} (${count(open)})`,
  isWorking: 'working',
  stillWorking: (done: number, total: number): string =>
    `still looking: ${percent(total ? done / total : 0)}`,
  isUnavailable: 'not available',
  isDone: 'done',
  openOf: (open: number, size: number): string => `${count(open)} of ${count(size)} open`,
  strip: 'Photos of this queue',
  decidedMark: 'decided',

  // The top
  progress: 'Progress of this queue',
  decided: (decided: number, photos: number): string =>
    `${count(decided)} of ${plural(photos, 'photo')} decided`,
  undo: 'Undo',
  undoCount: (undo: number): string => `Undo the last decision; ${count(undo)} can be undone`,
  train: 'Train again',
  trainFirst: 'Train',
  help: 'Keyboard shortcuts',
  helpButton: 'Help',
  helpTouch: 'What touch can do',
  full: 'Photo only',
  leaveFull: 'Show everything',
  zoom: 'Enlarge',
  zoomOut: 'Whole photo',
  previous: 'Previous photo',
  next: 'Next photo',

  find: 'Find a photo',
  findHint: 'Part of its name, or of its key\u2019s',
  lookAgain: 'Look for new photos',
  looking: 'Looking…',
  photosAdded: (added: number): string => (added ? plural(added, 'new photo') : 'No new photos'),
  foundPhotos: (listed: number, total: number): string =>
    total > listed
      ? `${plural(total, 'photo')}; the first ${count(listed)} are listed`
      : total
        ? plural(total, 'photo')
        : 'No photo has this in its name.',

  // The panel
  why: 'Why it is here',
  label: 'Label',
  asGiven: 'the original label',
  givenLabel: (kind: string): string => `the original label was ${kind}`,
  decidedBy: (who: string | null, when: string | null): string =>
    ['decided', who ? `by ${who}` : '', when ? `on ${dateText(when)}` : ''].filter(Boolean).join(' '),
  notUsed: (reason: string): string => `Not used: ${reason}`,
  key: (name: string): string => `Physical key: ${name}`,
  split: (name: string): string => `In ${name}`,
  kinds: 'Kinds',
  otherKind: 'Another kind',
  otherKindHint: 'Another kind\u2026 (+)',
  takesKind: (kind: string, isNew: boolean, other: string | undefined): string =>
    `Enter: ${kind}${isNew ? `, a new kind${other ? `; \u2193 for ${kindName(other)}` : ''}` : ''}`,
  model: (name: string): string => `Bars: probability by ${name}`,
  noModel: 'No model has seen this photo.',
  nothingFound: 'The model found no key here.',
  otherKinds: 'The model knows other kinds.',
  actions: 'Decision',
  chooseKind: 'Choose a kind',
  markFirst: 'Mark the keys first',
  chooseForPair: 'Their labels differ: which is right?',

  // Decisions
  keep: 'Keep',
  keepKind: (kind: string): Named => named(`Keep ${kindName(kind)}`, `Kept as ${kindName(kind)}`),
  changeTo: (kind: string, from: string | null): Named =>
    named(`${from ? 'Change to' : 'Label as'} ${kindName(kind)}`, `Labelled ${kindName(kind)}`),
  leaveOut: (reason: string): Named => named(`Leave out: ${reason}`, `Left out: ${reason}`),
  keepOut: (reason: string): Named => named(`Keep it out: ${reason}`, `Left out: ${reason}`),
  leaveOutPhoto: (n: number): Named => named(`Leave out photo ${n}`, `Left out photo ${n}`),
  leaveOutWhy: (n: number, isTraining: boolean): string =>
    `Photo ${n} is suggested: ${isTraining ? 'it is in train' : 'it is the later one'}.`,
  useAgain: named('Use it again', 'It is used again'),
  same: named('Same key', 'Same physical key'),
  different: named('Different keys', 'Different physical keys'),
  toTest: named('Move to test', 'Both photos are in test'),
  saveKeys: (n: number): Named =>
    n
      ? named(`Save ${plural(n, 'key')}`, `Saved ${plural(n, 'key')}`)
      : named('Save: no key here', 'No key here'),
  acceptKeys: (n: number): Named =>
    named(`Accept ${plural(n, 'detection')}`, `Accepted ${plural(n, 'detection')}`),
  noKey: named('No key', 'No key here'),
  exclude: 'Leave out',
  mark: 'Mark keys',
  stopMarking: 'Stop',
  undone: 'Undone',
  undoneElsewhere: (name: string): string =>
    `Undone: the decision on ${name}, made in another window or before a reload`,
  kindKeys: 'give the photo this kind',

  // The physical key
  nameKey: 'Name the key',
  nameKeyText: 'Give all photos of one physical key the same name: they then stay in the same split.',
  keyName: 'Name of the physical key',
  keyNames: 'Names of other photos',
  takeName: 'Name it',
  clearName: 'Remove the name',
  keyNamed: (name: string): string => `Physical key: ${name}`,
  keyUnnamed: 'The name was removed',

  // Reasons to leave a photo out
  excludeTitle: 'Leave the photo out',
  excludeWhich: 'Which photo?',
  excludeWhy: 'Why?',
  otherReason: 'Another reason',
  otherReasonSet: 'Leave out',

  // Marking
  head: 'Head',
  tip: 'Tip',
  addKey: 'Add a key',
  deleteKey: 'Delete',
  swapEnds: 'Swap ends',
  nextKey: 'Next key',
  surface: 'Photo. Tap the head, then the tip of a key. With the keyboard: m, then arrow keys and Enter.',
  tapHead: 'Tap the head of the key',
  tapTip: 'Now its tip',
  tapMore: 'Tap the head of a key that is missing, drag an end, or select a key',
  keySelected: 'Choose a kind, or press its number, to label the selected key',
  selectFirst: 'Select a key first',
  cross: (x: number, y: number): string => `${percent(x)} from the left, ${percent(y)} from the top`,
  keysFound: (n: number, isMarked: boolean): string =>
    n
      ? `${plural(n, 'key')} ${isMarked ? 'marked' : 'detected'}`
      : isMarked
        ? 'No key here'
        : 'No key detected',

  legend: 'Dashed: detected. Solid: marked.',

  // Pictures
  photoAlt: (name: string, kind: string | null): string => `${name}, ${kindName(kind)}`,
  broken: 'The picture cannot be shown.',
  loading: 'Loading the photo',

  // The end of a queue, and before its start
  finished: 'This queue is done',
  finishedText: (decided: number): string =>
    decided === 1 ? 'The only item is decided.' : `All ${count(decided)} items are decided.`,
  atEnd: 'The end of this queue',
  atEndText: (open: number): string => `${plural(open, 'item')} still open.`,
  toOpen: 'Go to the first of them',
  empty: 'Nothing to do here',
  emptyText: 'No photo is in this queue.',
  nextQueue: (title: string): string => `Go on with: ${title}`,
  allDone: 'Every queue is done. Train to see what the decisions change.',
  unavailable: 'Not available yet',
  working: 'Looking through the photos',
  workingText: (done: number, total: number): string => `${count(done)} of ${plural(total, 'photo')}`,
  problems: (n: number): string => `${plural(n, 'problem')} in the folder`,

  // What goes wrong
  gone: 'The server does not answer.',
  goneText: 'Start keykind review again if it has ended. This page will reconnect by itself.',
  foreign: 'The server was started again, with another address.',
  foreignText: 'Open the address that it printed, and leave this page open: it then sends what is missing.',
  kept: (n: number): string =>
    n === 1
      ? '1 decision is not saved yet; it is kept on this page.'
      : `${count(n)} decisions are not saved yet; they are kept on this page.`,
  refused: 'A decision was not accepted.',
  unreadable: 'labels.csv cannot be read, so your decision is not saved.',
  serverFailed: 'The server could not save a decision.',
  otherPhotos: 'The folder has changed since: this decision can no longer be assigned to its photo.',
  retry: 'Try again',
  drop: (photo: string | null, waiting: number): string =>
    (photo ? `Drop the decision about ${photo}` : 'Drop the undo') +
    (waiting ? ` (${count(waiting)} more waiting)` : ''),
  undoRefused: 'Not undone: the photo\u2019s row in labels.csv was edited since.',
  noLabelToKeep: 'This photo has no label to keep.',
  nothingToUndo: 'There is nothing to undo.',

  // Two windows
  conflicts: (n: number): string =>
    `${plural(n, 'decision')} not saved: somebody else has decided about the same photo in the meantime.`,
  compare: 'Compare',
  conflict: 'Decided elsewhere in the meantime',
  conflictText: 'Another window, or an edit of labels.csv, has changed this photo since you saw it.',
  conflictAgain: 'It has changed again since you decided. This is what labels.csv says now.',
  agreed: 'labels.csv already says what you decided.',
  theirs: 'Now in labels.csv',
  mine: 'Your decision',
  keepTheirs: 'Keep what is there',
  useMine: 'Use my decision',
  cells: { kind: 'label', key: 'physical key', split: 'split', ends: 'keys', excluded: 'left out' },
  nothing: 'nothing',

  // Training
  training: 'Training',
  trainOn: (photos: number): string =>
    `Trains a model on the folder (${plural(photos, 'photo')}) with the decisions so far, into a new folder beside it.`,
  trainCompared:
    'Afterwards it is compared with the present model on the same test photos: keep it, or discard it.',
  trainUncompared: 'Afterwards its score on the test photos is shown: keep it, or discard it.',
  trainTime:
    'This takes about a minute for each 1,000 photos, or longer. It runs in the background: you can go on reviewing.',
  trainNeeds: (photos: number): string =>
    `Label photos of at least two kinds first: now, ${photos ? `all ${plural(photos, 'labelled photo')} are of one kind` : 'none is labelled'}.`,
  trainStart: 'Start',
  trainingStop: 'Stop',
  trainingLog: 'Details',
  trainingFailed: 'Training has failed',
  trainingDone: 'Training has finished',
  noComparison: 'No test photo is labelled and used, so there is nothing to compare.',
  seeResult: 'Training result',
  trainingSee: 'See what has changed',
  trainingSeeFirst: 'See the result',
  trainingHide: 'Hide',
  resultTitle: 'Before and after',
  firstResult: 'The first model',
  before: 'Before',
  after: 'After',
  now: 'Now',
  f1: 'F1 on the test photos',
  difference: 'Difference',
  measuredOn: (photos: number, keys: number): string =>
    `Measured on ${plural(photos, 'test photo')} of ${plural(keys, 'physical key')}. Bars are 95% intervals.`,
  verdict: (difference: number, low: number, high: number): string => {
    if (difference === 0) return 'No difference on these photos.';
    if (low > 0) return 'The new model is better.';
    if (high < 0) return 'The new model is worse.';
    return 'The difference may be chance: its interval includes 0.';
  },
  chart: (name: string, value: string, low: string, high: string): string =>
    `${name}: ${value}, interval ${low} to ${high}`,
  improved: (n: number): string => `${plural(n, 'photo')} now right`,
  worsened: (n: number): string => `${plural(n, 'photo')} now wrong`,
  truthIs: (kind: string): string => `Label: ${kind}`,
  keepRun: 'Keep the new model',
  discardRun: 'Discard it',
  discardAsk: 'Delete this model? The labels stay.',
  discardSure: 'Delete it',
  keptRun: 'Kept: the new model orders the queues from now on.',
  discarded: 'Discarded: everything is as before.',
} as const;

/** The reasons to leave a photo out, each with its key. Photos of anything have no keys in them. */
export const REASONS = [
  { reason: 'blurred', shortcut: 'b', ofKeys: false },
  { reason: 'damaged', shortcut: 'd', ofKeys: false },
  { reason: 'duplicate', shortcut: 'c', ofKeys: false },
  { reason: 'not a key', shortcut: 'n', ofKeys: true },
  { reason: 'several keys', shortcut: 's', ofKeys: true },
  { reason: 'unsure', shortcut: 'u', ofKeys: false },
] as const;
