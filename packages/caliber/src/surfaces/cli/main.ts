#!/usr/bin/env node
/** The program `caliber`. */
import { connect } from './connection.ts'
import { reportError } from './exit.ts'
import { asksForJson, runCommand } from './program.ts'
import { processTerminal } from './terminal.ts'

const words = process.argv.slice(2)
const terminal = processTerminal()

// A library that throws from a callback of its own must not end us with a stack.
process.on('uncaughtException', (error) => process.exit(reportError(error, terminal, asksForJson(words))))

process.exitCode = await runCommand(words, terminal, connect)
