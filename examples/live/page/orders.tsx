import { StrictMode, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { type TaskOutline, useTasks, type WatchState } from 'taskurai/react'

/** What a customer has going on, in a menu of the page's head: each order moves by itself, and new ones come to it. */

// #region hook
function StatusMenu({ url }: { readonly url: string | undefined }) {
  const [isOpen, setOpen] = useState(true)
  const { tasks, state } = useTasks(url, { most: 20 })
  const open = tasks.filter(({ status }) => !hasEnded(status)).length
  return (
    <div className="menu">
      <button type="button" aria-expanded={isOpen} aria-controls="orders" onClick={() => setOpen(!isOpen)}>
        {open > 0 && <span className="spinner" aria-hidden="true" />} Orders{' '}
        <span className="count" role="status" aria-label={`${open} going on`}>
          {open}
        </span>
      </button>
      <section id="orders" className="card" aria-label="My orders" hidden={!isOpen}>
        {tasks.length === 0 && <p className="line">{state === 'live' ? 'Nothing ordered yet.' : says[state]}</p>}
        <ul>
          {tasks.map((task) => (
            <Order key={task.id} task={task} />
          ))}
        </ul>
        {tasks.length > 0 && state !== 'live' && <p className="connection">{says[state]}</p>}
      </section>
    </div>
  )
}
// #endregion hook

const says: Readonly<Record<WatchState, string>> = {
  connecting: 'Connecting …',
  live: '',
  reconnecting: 'The connection was lost. Trying again …',
  ended: '',
  refused: 'This page may not watch any longer. Load it again to go on.',
}

function Order({ task }: { readonly task: TaskOutline }) {
  const { id, status, subject = task.command, progress, createdAt } = task
  const percent = status === 'succeeded' ? 100 : Math.round(progress?.percent ?? 0)
  const label = `${subject}, ${id.slice(-6)}`
  return (
    <li data-status={status}>
      <p className="line">
        <span className="dot" aria-hidden="true" /> <span>{subject}</span>{' '}
        <time dateTime={createdAt}>{new Date(createdAt).toLocaleTimeString()}</time>
      </p>
      {status === 'running' && (
        <div
          className="bar"
          role="progressbar"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
        >
          <div className="fill" style={{ width: `${percent}%` }} />
        </div>
      )}
      <p className="line quiet">
        <span>{status === 'running' ? (progress?.message ?? 'going on') : status}</span> <span>{percent} %</span>
      </p>
    </li>
  )
}

function hasEnded(status: TaskOutline['status']): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'canceled' || status === 'expired'
}

function Page() {
  const [url, setUrl] = useState<string>()
  const [isAway, setAway] = useState(false)
  useEffect(() => {
    fetch('/watch', { method: 'POST' })
      .then(async (response) => setUrl((await response.json()).url))
      .catch(() => setAway(true))
  }, [])
  return (
    <>
      <header>
        <strong>Lamps &amp; Sons</strong>
        <nav>
          <a href="/">The lamp</a>{' '}
          <a href="/orders" aria-current="page">
            My orders
          </a>
        </nav>
      </header>
      <main>
        {isAway ? <p role="alert">The shop is away. Load the page again in a moment.</p> : <StatusMenu url={url} />}
      </main>
    </>
  )
}

const place = document.getElementById('page')
if (place !== null) {
  createRoot(place).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  )
}
