import { type TaskOutline, type Watch, type WatchState, watchTask } from 'taskurai/browser'

/** One order: a spinner and a bar, from the click to the parcel, over lost connections and reloads. */

const part = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no #${id}.`)
  return found
}
const button = part('order')
let watch: Watch | undefined

button.addEventListener('click', () => {
  button.setAttribute('disabled', '')
  part('trouble').textContent = ''
  ask('/orders')
    .then(({ id, url }) => {
      history.replaceState(null, '', `?order=${id}`)
      show(url)
    })
    .catch(() => {
      part('trouble').textContent = 'The order could not be placed. Nothing was charged: please try again.'
    })
    .finally(() => button.removeAttribute('disabled'))
})

// The page was loaded again: its order goes on.
const orderId = new URLSearchParams(location.search).get('order')
if (orderId !== null) {
  ask(`/orders/${encodeURIComponent(orderId)}/watch`).then(
    ({ url }) => show(url),
    () => history.replaceState(null, '', location.pathname),
  )
}

// #region watch
function show(url: string): void {
  watch?.stop()
  part('status').hidden = false
  watch = watchTask(url, { onTask: showTask, onState: showState })
}

function showTask({ status, progress, result, error }: TaskOutline): void {
  const percent = status === 'succeeded' ? 100 : Math.round(progress?.percent ?? 0)
  part('bar').setAttribute('aria-valuenow', String(percent))
  part('fill').style.width = `${percent}%`
  part('percent').textContent = `${percent} %`
  part('title').textContent = titles[status]
  part('message').textContent = messageOf({ status, progress, result, error })
  part('status').dataset.status = status
}
// #endregion watch

const titles: Readonly<Record<TaskOutline['status'], string>> = {
  waiting: 'Your order waits',
  queued: 'Your order is in line',
  running: 'Your order is being made ready',
  suspended: 'Your order waits',
  succeeded: 'Your order is on its way',
  failed: 'Your order could not be made ready',
  canceled: 'Your order was canceled',
  expired: 'Your order came too late',
}

function messageOf({ status, progress, result, error }: Pick<TaskOutline, 'status' | 'progress' | 'result' | 'error'>) {
  if (status === 'succeeded')
    return `Parcel ${(result?.output as { readonly parcel: string } | undefined)?.parcel ?? ''}`
  return error?.message ?? progress?.message ?? 'A packer will take it in a moment'
}

const connections: Readonly<Record<WatchState, string>> = {
  connecting: 'Connecting …',
  live: 'Live',
  reconnecting: 'The connection was lost. Trying again …',
  ended: '',
  refused: 'This page may not watch any longer. Load it again to go on.',
}

function showState(state: WatchState): void {
  part('connection').textContent = connections[state]
  part('status').dataset.connection = state
  part('status').classList.toggle('ended', state === 'ended')
}

async function ask(path: string): Promise<{ readonly id: string; readonly url: string }> {
  const response = await fetch(path, { method: 'POST' })
  if (!response.ok) throw new Error(`The shop answered ${response.status}.`)
  return response.json()
}
