/**
 * What the user's commands do, from the keyboard and from buttons.
 *
 * In:    the desk, a Command
 * Out:   decisions, and what is shown
 * Needs: desk.ts, changes.ts, draft.ts
 */

import type { Photo } from '../api';
import { W } from '../words';
import { change, differentKeys, exclude, isLeak, label, sameKey, TEST, TRAIN, UNSURE } from './changes';
import type { Desk } from './desk';
import {
  adding,
  canMark,
  type Draft,
  deleted,
  emptied,
  escaped,
  nextSelected,
  swapped,
  withKind,
} from './draft';
import { confirmation, type Mode } from './primary';
import { say } from './said';
import type { Command, PlainCommand } from './shortcuts';

/** Do what a command says. */
export function run(desk: Desk, command: Command): void {
  if (command.do === 'label') setKind(desk, command.kind);
  else ACTIONS[command.do](desk);
}

/** Leave out some of the shown photos; reason null: use them again. */
export function leaveOut(desk: Desk, photos: readonly Photo[], reason: string | null): void {
  const changes = photos.map((photo) => exclude(photo, reason));
  desk.decide(changes, reason === null ? W.useAgain.done : W.leaveOut(reason).done);
}

/** Say which physical key a photo shows; name "": that of its folder or file again. */
export function nameKey(desk: Desk, photo: Photo, name: string): void {
  desk.keyName = name;
  desk.decide([change(photo, { key: name || null })], name ? W.keyNamed(name) : W.keyUnnamed);
}

/** Give one of several photos a kind. */
export function relabel(desk: Desk, photo: Photo, kind: string): void {
  desk.decide([label(photo, kind)], W.changeTo(kind, photo.kind).done);
}

/** Change the keys that are being marked. */
export function edit(desk: Desk, step: (draft: Draft) => Draft): void {
  const [photo] = desk.place.shown.peek() ?? [];
  const draft = desk.draft.peek();
  if (photo && draft) desk.drafts.step(photo.id, draft, step(draft));
}

/** What is missing where Enter decides nothing. */
export const CHOOSE: Readonly<Record<Mode, string>> = {
  single: W.chooseKind,
  group: W.chooseForPair,
  keys: W.markFirst,
};

const ACTIONS: Readonly<Record<PlainCommand, (desk: Desk) => void>> = {
  'add-key': (desk) => edit(desk, adding),
  confirm: (desk) => {
    const [photo] = desk.place.shown.peek() ?? [];
    const decision = photo && confirmation(photo);
    if (decision) desk.decide(decision.changes, decision.done);
    else if (photo) say(W.noLabelToKeep);
  },
  'delete-key': (desk) => edit(desk, deleted),
  different: (desk) => desk.decide(differentKeys(desk.place.shown.peek() ?? []), W.different.done),
  escape: leave,
  exclude: (desk) => {
    if (desk.place.shown.peek()) desk.dialog.value = 'exclude';
  },
  find: (desk) => {
    desk.dialog.value = 'find';
  },
  full: (desk) => {
    desk.isFull.value = !desk.isFull.value;
  },
  first: (desk) => desk.go(0),
  help: (desk) => {
    desk.dialog.value = 'help';
  },
  last: (desk) => desk.go((desk.place.items.peek()?.size.peek() ?? 0) - 1),
  mark: (desk) => {
    if (startMarking(desk) && !desk.draft.peek()?.keys.length) edit(desk, adding);
  },
  'name-key': (desk) => {
    if (desk.place.shown.peek()) desk.dialog.value = 'key-name';
  },
  'new-kind': (desk) => {
    desk.kindAsked.value++;
  },
  next: (desk) => desk.go(desk.place.index.peek() + 1),
  'next-key': (desk) => edit(desk, nextSelected),
  'next-queue': (desk) => void desk.openNeighbour(1),
  'no-key': (desk) => {
    if (startMarking(desk)) edit(desk, emptied);
  },
  previous: (desk) => desk.go(desk.place.index.peek() - 1),
  'previous-queue': (desk) => void desk.openNeighbour(-1),
  primary: (desk) => {
    const primary = desk.primary.peek();
    if (primary) desk.decide(primary.changes, primary.done);
    else if (desk.place.isAtEnd.peek()) goOn(desk);
    else if (desk.place.shown.peek()) say(CHOOSE[desk.mode.peek()]);
  },
  same: (desk) =>
    desk.decide(sameKey(desk.place.shown.peek() ?? [], desk.place.item.peek()?.suggestion?.key), W.same.done),
  swap: (desk) => edit(desk, swapped),
  'to-test': (desk) => {
    const photos = desk.place.shown.peek() ?? [];
    if (!isLeak(photos)) return;
    const training = photos.filter(({ split }) => split === TRAIN);
    const changes = training.map((photo) => change(photo, { split: TEST }));
    desk.decide(changes, W.toTest.done);
  },
  undo: (desk) => {
    const [photo] = desk.place.shown.peek() ?? [];
    if (photo && desk.draft.peek() && desk.drafts.undo(photo.id)) say(W.undone);
    else desk.undo();
  },
  unsure: (desk) => leaveOut(desk, desk.place.shown.peek() ?? [], UNSURE),
  zoom: (desk) => {
    desk.zoomAsked.value++;
  },
};

/** Show what marks keys; return whether keys can be marked in what is shown. */
function startMarking(desk: Desk): boolean {
  const [photo] = desk.place.shown.peek() ?? [];
  if (!photo || !canMark(photo)) return false;
  desk.isMarking.value = true;
  return true;
}

/** A kind's key labels the photo, each of several photos, or the key that is selected. */
function setKind(desk: Desk, kind: string): void {
  if (desk.mode.peek() !== 'keys') {
    const photos = desk.place.shown.peek() ?? [];
    desk.decide(
      photos.map((photo) => label(photo, kind)),
      W.changeTo(kind, null).done,
    );
    return;
  }
  const draft = desk.draft.peek();
  if (draft && withKind(draft, kind) === null) say(W.selectFirst);
  edit(desk, (now) => withKind(now, kind) ?? now);
}

/** At the end of a queue: to what was skipped, else to the next queue. */
function goOn(desk: Desk): void {
  if (desk.place.items.peek()?.open.peek()) void desk.place.goToOpen(0);
  else void desk.openNextQueue();
}

/** Leave what is open, the innermost first. */
function leave(desk: Desk): void {
  const draft = desk.draft.peek();
  const back = draft && escaped(draft);
  if (back) edit(desk, () => back);
  else if (desk.isMarking.peek()) {
    const [photo] = desk.place.shown.peek() ?? [];
    if (photo) desk.drafts.set(photo.id, null);
    desk.isMarking.value = false;
  } else desk.isFull.value = false;
}
