import { Examination } from './probes.js';
import { duration, mend, report, sentence } from './report.js';

const at = (id) => document.getElementById(id);
const ORDER = ['get', 'post', 'sse', 'poll', 'ws', 'text', 'binary', '64k', '1m', 'push', 'fragments', 'ping', 'close', 'sub', 'other', 'idle'];
const MARKS = { fine: '✓', note: 'i', warning: '!', fault: '✕' };

const [all, options] = await Promise.all(['texts.json', 'options'].map(async (name) => (await fetch(name)).json()));
let texts = all.en;
let steps = {};
let answer = null;
let trouble = null;
let running = false;
let when = '';

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function speak(language) {
  texts = all[language];
  document.documentElement.lang = language;
  document.title = texts.page.title;
  for (const place of document.querySelectorAll('[data-text]')) place.textContent = texts.page[place.dataset.text];
  if (answer || trouble) at('start').textContent = texts.page.again;
  show();
}

// ---- what is shown

function show() {
  showState();
  const tried = ORDER.filter((name) => name in steps);
  at('steps').replaceChildren(...tried.map((name) => stepLine(name, steps[name])));
  at('tried').hidden = tried.length === 0;
  at('verdict').hidden = !answer;
  at('ticket').hidden = !answer;
  if (answer) {
    at('findings').replaceChildren(...answer.findings.map(findingCard));
    at('report').textContent = report(texts, tried.map((name) => [name, steps[name]]), answer, when);
  }
}

function showState() {
  at('state').textContent = running ? texts.page.running
    : trouble ? texts.page.lost.replace('{reason}', trouble)
      : answer ? texts.page.done.replace('{count}', answer.findings.length) : '';
}

function stepLine(name, values) {
  const line = element('li', values.result);
  line.append(element('span', 'name', texts.steps[name]), element('span', 'time', duration(values, texts)),
    element('span', 'result', texts.results[values.result]));
  return line;
}

function findingCard(finding) {
  const card = element('article', finding.severity);
  card.dataset.code = finding.code;
  const mark = element('span', 'mark', MARKS[finding.severity]);
  mark.setAttribute('aria-hidden', 'true');
  const head = element('p', 'head');
  head.append(mark, element('b', '', texts.severities[finding.severity]), element('span', 'hop', texts.hops[finding.hop]));
  card.append(head, element('p', 'says', sentence(texts, finding)));
  const what = mend(texts, finding);
  if (what) {
    const cure = element('p', 'mend');
    cure.append(element('b', '', `${texts.page.mend}: `), what);
    card.append(cure);
  }
  return card;
}

// ---- the examination

async function begin() {
  const begun = await fetch('begin', { cache: 'no-store' });
  const values = await begun.json();
  if (begun.status !== 200) throw new Error(values.error);
  return values;
}

// By POST; and by GET where no POST comes through.
async function verdict(examination, begun, routes) {
  const account = JSON.stringify({ url: location.origin, protocol: examination.protocol, steps: examination.steps });
  const url = `verdict?n=${begun.nonce}${routes ? '&routes=1' : ''}`;
  try {
    const posted = await fetch(url, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: account, signal: AbortSignal.timeout(20000),
    });
    if (posted.status === 200) return await posted.json();
  } catch {
    // The same by GET.
  }
  const got = await fetch(`${url}&facts=${encodeURIComponent(account)}`, { cache: 'no-store', signal: AbortSignal.timeout(20000) });
  const values = await got.json();
  if (got.status !== 200) throw new Error(values.error);
  return values;
}

async function examine() {
  running = true;
  at('start').disabled = true;
  steps = {};
  answer = null;
  trouble = null;
  when = new Date().toISOString();
  at('copied').textContent = '';
  show();
  try {
    const begun = await begin();
    const examination = new Examination(begun, (name, values) => {
      steps[name] = values;
      show();
    });
    await examination.run(at('idle').checked ? Number(at('seconds').value) * 1000 : 0);
    answer = await verdict(examination, begun, at('routes').checked);
  } catch (error) {
    trouble = error.message;
  }
  running = false;
  at('start').disabled = false;
  at('start').textContent = texts.page.again;
  show();
  if (answer) at('verdict-title').focus();
}

async function copy() {
  try {
    await navigator.clipboard.writeText(at('report').textContent);
    at('copied').textContent = texts.page.copied;
  } catch {
    getSelection().selectAllChildren(at('report'));
    at('copied').textContent = texts.page['not-copied'];
  }
}

// ---- the beginning

for (const [code, { name }] of Object.entries(all)) {
  const option = element('option', '', name);
  option.value = code;
  option.lang = code;
  at('language').append(option);
}
const preferred = navigator.languages.map((tag) => tag.split('-')[0]).find((tag) => tag in all) ?? 'en';
at('language').value = preferred;
at('language').addEventListener('change', () => speak(at('language').value));
at('options').addEventListener('submit', (event) => {
  event.preventDefault();
  if (!running) examine();
});
at('copy').addEventListener('click', copy);
at('seconds').addEventListener('input', () => { at('idle').checked = true; });
at('routes-option').hidden = options.routes !== 'true';
speak(preferred);
at('start').focus();
