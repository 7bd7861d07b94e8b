/** The gate of `npm run test:isolation`: everything it does, small, and the leaks that were found once. */
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { attack } from './attacks.ts'
import { Breach } from './breach.ts'
import { takeCensus } from './census.ts'
import { credentialsOf, liveOf } from './credentials.ts'
import { readFacts } from './facts.ts'
import { faults } from './faults.ts'
import { guardAttempts } from './guards.ts'
import { mutantsOf, tryMutant } from './mutants.ts'
import { probe } from './probes.ts'
import { measureInfluence } from './scores.ts'
import { attemptsOn, surveyTown, type Town } from './siege.ts'
import { breakGround, copyGround, dropGround, type Ground, openSite, type Site, superuserOf } from './site.ts'
import { Tally } from './tally.ts'
import { makeWorld, type World } from './world.ts'

/** A busy machine takes its time, and a test that is given up goes on in the background. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 })

const seed = 4
const probes = 1_000

let ground: Ground
let world: World
let site: Site

beforeAll(async () => {
  ground = await breakGround({ adminUrl: inject('adminUrl'), loginUrl: inject('loginUrl') })
  const maker = await openSite(ground)
  world = await makeWorld(maker)
  await maker.close()
  site = await openSite(await copyGround(ground))
})
afterAll(async () => {
  await site.close()
  await dropGround(site.ground)
  await dropGround(ground)
})

describe('statements of the role that serves', () => {
  let superuser: ReturnType<typeof superuserOf>
  let breach: Breach
  let town: Town

  beforeAll(async () => {
    superuser = superuserOf(site.ground)
    breach = new Breach(superuser, site.ground.key)
    town = await surveyTown(breach, world, await readFacts(site.admin))
  })
  afterAll(() => superuser.end())

  test('see and change what they may on every table and by every function, and nothing else', async () => {
    const attempts = [...town.tables.flatMap((table) => attemptsOn(town, table)), ...guardAttempts(town)]
    expect(await breach.with('', () => all(breach.faults(attempts)))).toEqual([])
    console.log(`isolation: ${attempts.length} statements on ${town.tables.length} tables`)
    expect(attempts.length).toBeGreaterThan(1_500)
  })

  test('negative control: each policy and trigger that is dropped or opened is noticed, or redundant for a reason', async () => {
    const verdicts = []
    for (const mutant of await mutantsOf(breach)) verdicts.push(await tryMutant(breach, town, mutant))
    const noticed = verdicts.filter((verdict) => verdict.noticed !== undefined).length
    console.log(`isolation: ${noticed} of ${verdicts.length} walls taken away were noticed`)
    expect(verdicts.flatMap(({ complaint }) => complaint ?? [])).toEqual([])
    expect(noticed).toBeGreaterThan(150)
  })

  test('gain nothing from the attack list that is not known', async () => {
    const results = await attack(site, world)
    expect(results.filter(({ gained, known }) => gained !== undefined && known === undefined)).toEqual([])
    expect(results.length).toBeGreaterThan(25)
  })
})

test('every credential finds what the model says it may read, and writes where it may write', async () => {
  const { decisions, faults: found } = await takeCensus(site, world.tenants.slice(0, 1).flatMap(liveOf))
  console.log(`isolation: ${decisions} decisions compared with the model`)
  expect(found).toEqual([])
  expect(decisions).toBeGreaterThan(3_000)
})

test('what is hidden leaves scores alone: documents of other tenants and of closed regions', async () => {
  expect(await measureInfluence(site, world)).toEqual({ ofTenants: 0, ofRegions: 0 })
})

test('every operation is probed on every surface, and no answer and no effect crosses a wall', async () => {
  const tally = new Tally()
  console.log(`isolation: ${probes} probes with seed ${seed}`)
  await probe({ site, world, seed, probes }, tally)
  expect(tally.complaints).toEqual([])
  expect(tally.unmet).toEqual([])
})

describe('negative control: probes notice a server that', () => {
  test.each(Object.entries(faults))('%s', async (_, { fault, noticedBy }) => {
    const faulty = await openSite(await copyGround(ground), (runtime) => fault(runtime, world))
    const tally = new Tally(1)
    try {
      const credentials = credentialsOf(world, ground.issuer).filter(({ name }) => noticedBy.test(name))
      await probe({ site: faulty, world, seed, probes: 2 * probes, credentials }, tally)
    } finally {
      await faulty.close()
      await dropGround(faulty.ground)
    }
    expect(tally.complaints).not.toEqual([])
  })
})

async function all<T>(found: AsyncIterable<T>): Promise<readonly T[]> {
  const everything: T[] = []
  for await (const each of found) everything.push(each)
  return everything
}
