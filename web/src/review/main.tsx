/**
 * Entry point of the review page.
 *
 * In:    review.html
 * Out:   the running page
 * Needs: everything
 */

import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/controls.css';
import '../styles/messages.css';
import '../viewer/ends.css';
import './views/desk.css';
import { render } from 'preact';
import { Desk } from './state/desk';
import { DeskContext } from './views/context';
import { DeskView } from './views/desk-view';

const desk = new Desk();
render(
  <DeskContext.Provider value={desk}>
    <DeskView />
  </DeskContext.Provider>,
  document.body,
);
void desk.start();
