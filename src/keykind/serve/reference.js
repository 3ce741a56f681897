/**
 * The forms of the page: send what is filled in to the route, and show the response.
 *
 * In:    forms with data-path and data-method, as reference.py writes them
 * Out:   the status and the JSON, text or picture of the response
 * Needs: nothing
 */
'use strict';

const KEY = document.querySelector('#api-key');

for (const code of document.querySelectorAll('pre code')) {
  code.textContent = code.textContent.replace('http://127.0.0.1:8000', location.origin);
}
for (const form of document.querySelectorAll('form')) {
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (form.dataset.path) void send(form);
  });
}

async function send(form) {
  const result = form.querySelector('.result');
  result.replaceChildren('…');
  const url = new URL(form.dataset.path.slice(1), document.baseURI);
  for (const input of form.querySelectorAll('input[name]')) {
    if (input.value) url.searchParams.set(input.name, input.value);
  }
  const files = form.querySelector('input[type=file]')?.files;
  const body = files ? new FormData() : undefined;
  for (const file of files ?? []) body.append('photo', file);
  const headers = KEY?.value ? { 'x-api-key': KEY.value } : {};
  try {
    show(result, await fetch(url, { method: form.dataset.method.toUpperCase(), body, headers }));
  } catch (error) {
    result.replaceChildren(String(error));
  }
}

async function show(result, response) {
  const type = response.headers.get('content-type') ?? '';
  let content = document.createElement('pre');
  if (type.startsWith('image/')) {
    content = document.createElement('img');
    content.alt = 'the response';
    content.src = URL.createObjectURL(await response.blob());
  } else if (type.startsWith('application/json')) {
    content.textContent = JSON.stringify(await response.json(), null, 2);
  } else {
    content.textContent = await response.text();
  }
  result.replaceChildren(`Status ${response.status}`, content);
}
