import fc from 'fast-check'

// In CI a change must not fail by the luck of the draw: there property tests draw the same samples each time. Every run
// of a person's draws new ones; what they find becomes an example of its own.
if (process.env['ELKSEAL_CI'] === '1') fc.configureGlobal({ seed: 20_261_124 })
