/**
 * The model that runs, and others that were opened.
 *
 * In:    the model that runs; those that are remembered
 * Out:   a part of the about view; the user's choice of a model
 * Needs: model-text.ts, own-models.ts
 */

import { X } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { formatNumber, t } from '../../words';
import { useApp } from '../app';
import { chooseFiles } from '../incoming';
import { kindLabel } from '../kinds/kinds';
import { type OwnModel, remembered } from '../own-models';
import type { Running } from '../session';
import { isBlocked } from '../storage/database';
import { deleteModel } from '../storage/models';
import { originText } from './model-text';

const MAX_LISTED = 60; // classes; a model may have a thousand

/** The section. */
export function ModelSection({ running }: { readonly running: Running }): JSX.Element {
  const app = useApp();
  const open = (): void => chooseFiles('file', false, ([file]) => file && void app.openModel(file));
  return (
    <section>
      <h3>{t('about.model')}</h3>
      <Facts running={running} />
      <h3>{t('model.others')}</h3>
      <HowToOpen />
      <OtherModels own={running.own} />
      <div class="bar">
        <button type="button" onClick={open}>
          {t('model.open')}
        </button>
      </div>
    </section>
  );
}

function Facts({ running: { card, own } }: { readonly running: Running }): JSX.Element {
  const { milliseconds } = useApp();
  const kinds = card.kinds.slice(0, MAX_LISTED).map(kindLabel).join(', ');
  return (
    <ul class="facts">
      <li>{own ? `${own.name} (${originText(own)})` : t('model.ofApp')}</li>
      <li>{t('about.kinds', { kinds: card.kinds.length > MAX_LISTED ? `${kinds}, …` : kinds })}</li>
      <li>{t('about.version', { version: card.keykind, precision: card.precision })}</li>
      {card.licence ? <li>{t('about.licence', { licence: card.licence })}</li> : null}
      {milliseconds.value === null ? null : (
        <li>{t('about.speed', { ms: formatNumber(milliseconds.value, 0) })}</li>
      )}
    </ul>
  );
}

/** How to open another model; the parameter is not to be broken at its question mark. */
function HowToOpen(): JSX.Element {
  const [before, after] = t('model.how', { parameter: '\n' }).split('\n');
  return (
    <p>
      {before}
      <code>?model=</code>
      {after}
    </p>
  );
}

/** The app's model and those that were opened, except the one that runs. */
function OtherModels({ own }: { readonly own: OwnModel | null }): JSX.Element {
  const app = useApp();
  const [models, setModels] = useState<readonly OwnModel[]>([]);
  const read = (): Promise<void> => remembered().then(setModels);
  useEffect(() => void read().catch(app.reportError), [own, isBlocked.value]);
  const remove = (model: OwnModel): void => void deleteModel(model.digest).then(read).catch(app.reportError);
  return (
    <ul class="models">
      {own ? (
        <li>
          <span>{t('model.ofApp')}</span>
          <UseButton model={null} />
        </li>
      ) : null}
      {models
        .filter(({ digest }) => digest !== own?.digest)
        .map((model) => (
          <li key={model.digest}>
            <span>
              <strong>{model.name}</strong>
              <span class="secondary">
                {`${model.kinds.slice(0, MAX_LISTED).join(', ')} · ${originText(model)}`}
              </span>
            </span>
            <UseButton model={model} />
            <button
              type="button"
              class="icon-button"
              aria-label={t('model.remove', { name: model.name })}
              onClick={() => remove(model)}
            >
              <Icon of={X} />
            </button>
          </li>
        ))}
    </ul>
  );
}

function UseButton({ model }: { readonly model: OwnModel | null }): JSX.Element {
  const app = useApp();
  const name = model?.name ?? t('model.ofApp');
  return (
    <button type="button" aria-label={t('model.useNamed', { name })} onClick={() => void app.useModel(model)}>
      {t('model.use')}
    </button>
  );
}
