/**
 * Another window has decided about the same photo: the user chooses.
 *
 * In:    a conflict
 * Out:   a dialog with both decisions
 * Needs: state/outbox.ts
 */

import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import type { Change, Photo } from '../api';
import { plural } from '../format';
import { changed } from '../state/changes';
import type { Conflict } from '../state/outbox';
import { kindName, W } from '../words';
import { useDesk } from './context';
import { SmallPicture } from './small-picture';

type Cell = keyof typeof W.cells;

interface ConflictDialogProps {
  readonly conflict: Conflict;
  readonly onClose: () => void;
}

/** The dialog; closed without a choice, the conflict is still there. */
export function ConflictDialog({ conflict, onClose }: ConflictDialogProps): JSX.Element {
  const desk = useDesk();
  const { decision, photos } = conflict;
  useEffect(() => void desk.recheck(conflict), [decision]);
  const shown = photos.filter(({ id }) => decision.changes.some(({ photo }) => photo === id));
  const settle = (isMine: boolean): void => {
    desk.settle(conflict, isMine);
    if (!desk.outbox.conflicts.peek().length) onClose();
  };
  return (
    <Dialog title={W.conflict} close={W.close} class="conflict" onClose={onClose}>
      <p>{decision.isAgain ? W.conflictAgain : W.conflictText}</p>
      {shown.map((photo) => (
        <Difference
          key={photo.id}
          photo={photo}
          wanted={decision.changes.find((change) => change.photo === photo.id)}
        />
      ))}
      <div class="bar">
        <button type="button" onClick={() => settle(false)}>
          {W.keepTheirs}
        </button>
        <button type="button" onClick={() => settle(true)}>
          {W.useMine}
        </button>
      </div>
    </Dialog>
  );
}

interface DifferenceProps {
  readonly photo: Photo;
  readonly wanted: Change | undefined;
}

/** What is there, and what was decided here, cell by cell. */
function Difference({ photo, wanted }: DifferenceProps): JSX.Element | null {
  if (!wanted) return null;
  const mine = changed(photo, wanted, '', '');
  const cells = (Object.keys(W.cells) as Cell[]).filter(
    (cell) => cell in wanted || JSON.stringify(photo[cell]) !== JSON.stringify(mine[cell]),
  );
  const { who = null, when = null } = photo.row ?? {};
  return (
    <div class="difference">
      <SmallPicture photo={photo} alt={W.photoAlt(photo.name, photo.kind)} />
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">
              {W.theirs}
              {who || when ? <span class="secondary">{W.decidedBy(who, when)}</span> : null}
            </th>
            <th scope="col">{W.mine}</th>
          </tr>
        </thead>
        <tbody>
          {cells.map((cell) => (
            <tr key={cell}>
              <th scope="row">{W.cells[cell]}</th>
              <td>{cellText(photo, cell)}</td>
              <td>{cellText(mine, cell)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellText(photo: Photo, cell: Cell): string {
  if (cell === 'ends') return photo.ends ? plural(photo.ends.length, 'key') : W.nothing;
  if (cell === 'kind') return kindName(photo.kind);
  return photo[cell] ?? W.nothing;
}
