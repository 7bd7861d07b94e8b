/**
 * One seed for every property, so that two runs of the tests say the same; fast-check prints it with a failure. Other cases than
 * those of the gate: CALIBER_TEST_SEED=$RANDOM npm test
 */
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env['CALIBER_TEST_SEED'] ?? 20_261_128) })
