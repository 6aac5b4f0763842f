import { Option } from 'commander';
import { expect, test } from 'vitest';
import { separateCommand } from './separate-command.ts';

const options = [
  new Option('-n, --name <name>'),
  new Option('-l, --label <key=value>'),
  new Option('-d, --detach'),
  new Option('--output'),
];

test.each([
  ['run', 'hello echo -n foo', 'hello -- echo -n foo'],
  ['letters that are ours too', 'hello ls -la', 'hello -- ls -la'],
  [
    'options before and after the image',
    '-d hello -n mine --output ls -d',
    '-d hello -n mine --output -- ls -d',
  ],
  [
    'options with their value in the word',
    'hello --name=mine -lk=v ls -n',
    'hello --name=mine -lk=v -- ls -n',
  ],
  ['letters together', 'hello -dn mine ls -n', 'hello -dn mine -- ls -n'],
  ['an option that nobody knows', 'hello --prioritty 3', 'hello --prioritty -- 3'],
  ['a -- that is there', 'hello -n mine -- ls -n x', 'hello -n mine -- ls -n x'],
  ['an image alone', 'hello -d', 'hello -d'],
])('%s', (_name, words, expected) => {
  expect(separateCommand(options, words.split(' ')).join(' ')).toBe(expected);
});
