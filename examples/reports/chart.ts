/** Draws delays as an SVG: on the left by the hour of the day, on the right the airports where most flights are late. */
import { scaleBand, scaleLinear } from 'd3-scale'
import type { Delays, Question } from './delays.ts'
import { bar, line, percent, svg, text } from './svg.ts'

const WIDTH = 960
const HEIGHT = 480
const TOP = 118
const BOTTOM = 420
const HOURS = { left: 64, right: 560 } as const
const AIRPORTS = { left: 660, right: 890 } as const

const INK = '#1c2733'
const GREY = '#66727d'
const HAIRLINE = '#d5dbe0'
const BLUE = '#3b7ea1'
const RED = '#c4552d'

const NUMBERS = new Intl.NumberFormat('en-US')

/** The same delays give the same bytes. */
export const drawDelays = (delays: Delays, { airport, lateMinutes }: Question): string =>
  svg({ width: WIDTH, height: HEIGHT, title: titleOf(airport) }, [
    text(24, 42, titleOf(airport), { size: 22, weight: 600, fill: INK }),
    text(24, 68, subtitleOf(delays, lateMinutes), { size: 13, fill: GREY }),
    ...drawHours(delays),
    ...drawAirports(delays, airport),
    text(24, HEIGHT - 16, 'Bureau of Transportation Statistics, by way of vega-datasets', { size: 10.5, fill: GREY }),
  ])

const titleOf = (airport: string | undefined): string =>
  airport === undefined ? 'How late flights in the United States are' : `How late flights from ${airport} are`

const subtitleOf = (delays: Delays, lateMinutes: number): string =>
  [
    `${NUMBERS.format(delays.flights)} flights from ${delays.firstDay} to ${delays.lastDay}`,
    `${percent(delays.lateShare)} late by ${lateMinutes} minutes or more`,
    `${delays.meanDelayMinutes.toFixed(1)} minutes on average`,
  ].join(' · ')

const drawHours = ({ hours }: Delays): readonly string[] => {
  const most = Math.max(...hours.map(({ lateShare }) => lateShare), 0.01)
  const y = scaleLinear().domain([0, most]).nice(5).range([BOTTOM, TOP])
  const x = scaleBand<number>()
    .domain(Array.from({ length: 24 }, (_, hour) => hour))
    .range([HOURS.left, HOURS.right])
  const width = x.bandwidth() * 0.74
  const leftOf = (hour: number): number => (x(hour) ?? 0) + (x.bandwidth() - width) / 2
  return [
    text(HOURS.left, TOP - 16, 'Share of late flights by hour of departure', {
      size: 12.5,
      weight: 600,
      fill: INK,
    }),
    ...y
      .ticks(5)
      .flatMap((tick) => [
        line({ x1: HOURS.left, y1: y(tick), x2: HOURS.right, y2: y(tick), stroke: tick === 0 ? GREY : HAIRLINE }),
        text(HOURS.left - 8, y(tick) + 4, percent(tick), { size: 11, fill: GREY, anchor: 'end' }),
      ]),
    ...hours.map(({ hour, lateShare }) =>
      bar({
        x: leftOf(hour),
        y: y(lateShare),
        width,
        height: BOTTOM - y(lateShare),
        fill: lateShare === most ? RED : BLUE,
      }),
    ),
    ...x
      .domain()
      .filter((hour) => hour % 3 === 0)
      .map((hour) =>
        text(leftOf(hour) + width / 2, BOTTOM + 18, `${hour}:00`, { size: 11, fill: GREY, anchor: 'middle' }),
      ),
  ]
}

const drawAirports = ({ airports }: Delays, airport: string | undefined): readonly string[] => {
  const most = Math.max(...airports.map(({ lateShare }) => lateShare), 0.01)
  const x = scaleLinear().domain([0, most]).range([AIRPORTS.left, AIRPORTS.right])
  const y = scaleBand<string>()
    .domain(airports.map((each) => each.airport))
    .range([TOP, TOP + airports.length * 30])
  const height = y.bandwidth() * 0.7
  const what = airport === undefined ? 'Airports with most late flights' : 'Destinations with most late flights'
  return [
    text(AIRPORTS.left - 44, TOP - 16, what, { size: 12.5, weight: 600, fill: INK }),
    ...airports.flatMap((each, index) => {
      const top = (y(each.airport) ?? TOP) + (y.bandwidth() - height) / 2
      const middle = top + height / 2 + 4
      return [
        text(AIRPORTS.left - 10, middle, each.airport, { size: 12, fill: INK, anchor: 'end' }),
        bar({
          x: AIRPORTS.left,
          y: top,
          width: x(each.lateShare) - AIRPORTS.left,
          height,
          fill: index === 0 ? RED : BLUE,
        }),
        text(x(each.lateShare) + 6, middle, percent(each.lateShare), { size: 11, fill: GREY }),
      ]
    }),
  ]
}
