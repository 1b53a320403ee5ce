import { headKey } from '#core/keys'
import { headOf } from '#core/layout'
import type { Item, Store, Write } from '#core/ports'

/** Stores through which a program would seem to make a certain mistake: it does not look, does not write, or does not ring. */

export function isPutOf(write: Write, prefix: string): write is Extract<Write, { kind: 'put' }> {
  return write.kind === 'put' && write.item.sk.startsWith(prefix)
}

/** Whoever has just suspended a task sees nothing of its waits being over, once: as by a read that is older than the facts. */
export function withoutLookAfterSuspend(store: Store): Store {
  const suspended = new Set<string>()
  return {
    ...store,
    commit: async (commit) => {
      const outcome = await store.commit(commit)
      const { write } = commit
      if (outcome.kind === 'written' && isPutOf(write, 'HEAD')) {
        const { status, flow, history } = headOf(write.item)
        const isFresh = status === 'suspended' && history.at(-1)?.[1] === 'suspended'
        if (isFresh && flow?.suspension?.isHinted === true) suspended.add(write.item.pk)
      }
      return outcome
    },
    list: async (range) => {
      const page = await store.list(range)
      const isBlind = range.prefix?.startsWith('WAIT#') === true && suspended.delete(range.pk)
      return isBlind ? { ...page, items: page.items.map(neverOver) } : page
    },
  }
}

function neverOver(item: Item): Item {
  const { wait, ...stored } = item.data as { readonly wait: { readonly id: string } }
  return { ...item, data: { ...stored, wait: { kind: 'sleep', id: wait.id, until: Number.MAX_SAFE_INTEGER } } }
}

export function withoutFailedEnds(store: Store): Store {
  return {
    ...store,
    addToSet: (key, members) => (key.sk.endsWith('#failed') ? Promise.resolve(1) : store.addToSet(key, members)),
  }
}

/** As a number would: an end that is told twice counts twice. */
export function countingEnds(store: Store): Store {
  const isEnds = ({ sk }: { readonly sk: string }) => sk.startsWith('JOIN#') && sk.endsWith('#ended')
  const setOf = (item: Item | undefined) => (item?.data as { readonly set: readonly string[] } | undefined)?.set ?? []
  return {
    ...store,
    addToSet: async (key, members) => {
      if (!isEnds(key)) return store.addToSet(key, members)
      const count = setOf(await store.get(key)).length
      const counted = members.map((_, index) => String(count + index))
      return store.addToSet(key, counted)
    },
  }
}

/** Whoever has made a sub task takes its parent for what it was before. */
export function withoutLookAtParent(store: Store): Store {
  const parents = new Map<string, Item>()
  const made = new Set<string>()
  return {
    ...store,
    commit: async (commit) => {
      const outcome = await store.commit(commit)
      const { write } = commit
      if (!isPutOf(write, 'HEAD')) return outcome
      const { status, flow } = headOf(write.item)
      if (flow?.parent !== undefined && write.condition.kind === 'absent') made.add(headKey(flow.parent.id).pk)
      if (status === 'running') parents.set(write.item.pk, write.item)
      return outcome
    },
    get: async (key) => {
      const item = await store.get(key)
      return key.sk === 'HEAD' && made.delete(key.pk) ? (parents.get(key.pk) ?? item) : item
    },
  }
}

export function withoutMarkers(store: Store): Store {
  return {
    ...store,
    commit: (commit) => (isPutOf(commit.write, 'CHILD#') ? Promise.resolve({ kind: 'written' }) : store.commit(commit)),
  }
}

export function withoutBellOf(move: string): (store: Store) => Store {
  return (store) => ({
    ...store,
    commit: (commit) => {
      const isIt = isPutOf(commit.write, 'HEAD') && headOf(commit.write.item).history.at(-1)?.[1] === move
      return store.commit(isIt ? { ...commit, bells: [] } : commit)
    },
  })
}
