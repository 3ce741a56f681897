const figures = [...document.querySelectorAll('.photos figure')], dialog = document.querySelector('dialog')
let shown = figures, at = 0, only = '', below = 101
function filter() {
  for (const f of figures)
    f.hidden = (only && !f.dataset.k.split(' ').includes(only)) || +f.dataset.c >= below
  shown = figures.filter(f => !f.hidden)
  document.getElementById('none').hidden = shown.length > 0
  document.getElementById('count').textContent = shown.length.toLocaleString('en') +
    (shown.length == 1 ? ' photo' : ' photos')
}
for (const button of document.querySelectorAll('.bar button')) button.onclick = () => {
  for (const other of button.parentNode.querySelectorAll('button'))
    other.setAttribute('aria-pressed', other == button)
  if ('only' in button.dataset) only = button.dataset.only; else below = +button.dataset.below
  filter()
}
function enlarge(index) {
  at = (index + shown.length) % shown.length
  const figure = shown[at]
  dialog.querySelector('.frame').innerHTML = figure.querySelector('.frame').innerHTML
  dialog.querySelector('figcaption').innerHTML = figure.querySelector('figcaption').innerHTML
  dialog.querySelector('nav span').textContent = (at + 1) + ' of ' + shown.length
  if (!dialog.open) dialog.showModal()
}
for (const figure of figures)
  figure.querySelector('.frame').onclick = () => enlarge(shown.indexOf(figure))
for (const button of dialog.querySelectorAll('[data-step]'))
  button.onclick = () => enlarge(at + +button.dataset.step)
dialog.querySelector('[data-close]').onclick = () => dialog.close()
dialog.addEventListener('close', () => shown[at]?.querySelector('.frame').focus())
addEventListener('keydown', event => {
  const step = {ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1}[event.key]
  if (step && dialog.open) { event.preventDefault(); enlarge(at + step) }
})
let touched = null
dialog.addEventListener('touchstart', event => { touched = event.touches.length == 1 ? event.touches[0].clientX : null })
dialog.addEventListener('touchend', event => {
  const moved = touched === null ? 0 : event.changedTouches[0].clientX - touched
  if (Math.abs(moved) > 50) enlarge(at + (moved < 0 ? 1 : -1))
})
filter()
