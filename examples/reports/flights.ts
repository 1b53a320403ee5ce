/**
 * Reads the flights of a Parquet file, one row group after another, so that memory holds one of them and no more. By
 * default the file is the one of the npm package `vega-datasets`: 3 million flights in the United States, January to June
 * 2001, from the Bureau of Transportation Statistics.
 */
import { createRequire } from 'node:module'
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

/** Some flights, column by column: what belongs to one flight stands at one index. */
export interface Flights {
  readonly count: number
  /** When it left, in minutes since 1970 by the clocks of the airport. */
  readonly minutes: ArrayLike<number>
  readonly delays: ArrayLike<number>
  readonly origins: ArrayLike<string>
  readonly destinations: ArrayLike<string>
  /** How many flights the whole file holds. */
  readonly total: number
}

const columns = { minutes: 'date', delays: 'delay', origins: 'origin', destinations: 'destination' } as const
const columnNames = Object.values(columns)

const microsPerMinute = 60_000_000
/** A row group is held whole; whoever wrote a larger one did not mean it to be streamed. */
const groupRowsMost = 2_000_000

/** The file lies beside the entry point of its package, which does not export it. */
export const flightsPath = (): string =>
  createRequire(import.meta.url)
    .resolve('vega-datasets')
    .replace(/build[/\\][^/\\]+$/, 'data/flights-3m.parquet')

export async function* readFlights(path: string = flightsPath()): AsyncGenerator<Flights> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  const there = new Set(metadata.schema.map(({ name }) => name))
  const missing = columnNames.filter((name) => !there.has(name))
  if (missing.length > 0) throw new Error(`the flights have no column ${missing.join(', ')}`)
  const total = Number(metadata.num_rows)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const count = Number(group.num_rows)
    if (count > groupRowsMost) throw new Error(`a row group has ${count} rows, more than ${groupRowsMost}`)
    const chunks = new Map<string, ArrayLike<unknown>>()
    await parquetRead({
      ...{ file, metadata, compressors, columns: columnNames, rowStart, rowEnd: rowStart + count },
      parsers: { timestampFromMicroseconds: (micros: bigint) => Number(micros) / microsPerMinute },
      onChunk: ({ columnName, columnData }) => chunks.set(columnName, columnData),
    })
    const column = (name: string): ArrayLike<unknown> => {
      const values = chunks.get(name)
      if (values?.length !== count) throw new Error(`column ${name} has not the ${count} rows of its group`)
      return values
    }
    yield {
      count,
      minutes: Float64Array.from(column(columns.minutes), numberOf),
      delays: Float64Array.from(column(columns.delays), numberOf),
      origins: Array.from(column(columns.origins), String),
      destinations: Array.from(column(columns.destinations), String),
      total,
    }
    rowStart += count
  }
}

/** NaN where the file has no value. */
const numberOf = (value: unknown): number => (value === null ? Number.NaN : Number(value))
