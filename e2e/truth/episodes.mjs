// Every state of a session, how to get there, and how one knows from the outside that it is there.
//
// Knows Claude Code as a person at the terminal does. An episode is
//
//   name     what happens
//   truth    `{ state, waitingFor }` of the session while it lasts
//   also     further fields of its row that must hold
//   open     starts the session, where it is another than before
//   reach    brings it about
//   lasts    true while it does, by screen, mocked model or /proc
//   leave    brings the session to where the next episode begins
//
// The episodes of a lane follow each other, the lanes go side by side.

import { asked, plan } from './episodes/asked.mjs';
import { company } from './episodes/company.mjs';
import { choice, jobs, otherwise, signals, trust } from './episodes/process.mjs';
import { turn } from './episodes/turn.mjs';

// The longest first: what is left over at the end should be short.
export const LANES = { asked, turn, otherwise, company, plan, choice, signals, trust, jobs };
