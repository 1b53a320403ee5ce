/** Adds up how late flights were. What it holds grows with hours and airports, never with flights. */
import type { Flights } from './flights.ts'

export interface Question {
  /** Only flights that leave from here. */
  readonly airport?: string | undefined
  readonly lateMinutes: number
}

export interface Part {
  readonly flights: number
  readonly lateShare: number
}

export interface Delays extends Part {
  readonly firstDay: string
  readonly lastDay: string
  readonly meanDelayMinutes: number
  /** By the hour of departure; hours with next to no flights are left out. */
  readonly hours: readonly (Part & { readonly hour: number })[]
  /** The airports where most flights are late, of those with more than a few flights. */
  readonly airports: readonly (Part & { readonly airport: string })[]
}

export interface Tally {
  readonly add: (flights: Flights) => void
  /** None where no flight was asked for. */
  readonly delays: () => Delays | undefined
}

/** An hour or an airport says something from this part of all flights on. */
const hourShareLeast = 1 / 1_000
const airportShareLeast = 1 / 500
const airportsShown = 10
const airportsMost = 10_000

interface Count {
  flights: number
  late: number
}

export const createTally = ({ airport, lateMinutes }: Question): Tally => {
  const all: Count = { flights: 0, late: 0 }
  const hours = Array.from({ length: 24 }, (): Count => ({ flights: 0, late: 0 }))
  const places = new Map<string, Count>()
  let delaySum = 0
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY

  const placeOf = (code: string): Count => {
    const found = places.get(code)
    if (found !== undefined) return found
    if (places.size >= airportsMost) throw new Error(`there are more than ${airportsMost} airports`)
    const fresh = { flights: 0, late: 0 }
    places.set(code, fresh)
    return fresh
  }

  return {
    add: ({ count, minutes, delays, origins, destinations }) => {
      for (let index = 0; index < count; index += 1) {
        const origin = origins[index] ?? ''
        if (airport !== undefined && origin !== airport) continue
        const minute = minutes[index] ?? Number.NaN
        const delay = delays[index] ?? Number.NaN
        // A flight without a time or a delay did not take place.
        if (!Number.isFinite(minute) || !Number.isFinite(delay)) continue
        const late = delay >= lateMinutes ? 1 : 0
        const place = placeOf(airport === undefined ? origin : (destinations[index] ?? ''))
        for (const counted of [all, hours[hourOf(minute)], place]) {
          if (counted === undefined) continue
          counted.flights += 1
          counted.late += late
        }
        delaySum += delay
        if (minute < first) first = minute
        if (minute > last) last = minute
      }
    },
    delays: () => {
      if (all.flights === 0) return undefined
      const isSaying = ({ flights }: Count, leastShare: number) => flights >= all.flights * leastShare
      return {
        ...partOf(all),
        firstDay: dayOf(first),
        lastDay: dayOf(last),
        meanDelayMinutes: rounded(delaySum / all.flights, 2),
        hours: hours.flatMap((count, hour) => (isSaying(count, hourShareLeast) ? [{ hour, ...partOf(count) }] : [])),
        airports: [...places]
          .filter(([, count]) => isSaying(count, airportShareLeast))
          .map(([code, count]) => ({ airport: code, ...partOf(count) }))
          .sort((a, b) => b.lateShare - a.lateShare || b.flights - a.flights || (a.airport < b.airport ? -1 : 1))
          .slice(0, airportsShown),
      }
    },
  }
}

const partOf = ({ flights, late }: Count): Part => ({ flights, lateShare: rounded(late / flights, 4) })

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

const hourOf = (minute: number): number => ((Math.floor(minute / 60) % 24) + 24) % 24

const dayOf = (minute: number): string => new Date(minute * 60_000).toISOString().slice(0, 10)
