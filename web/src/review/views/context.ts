/**
 * The desk that a view belongs to.
 *
 * In:    a provider around the views
 * Out:   the desk
 * Needs: preact
 */

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Desk } from '../state/desk';

export const DeskContext = createContext<Desk | null>(null);

/** Return the desk. */
export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error('the view is outside of the desk');
  return desk;
}
