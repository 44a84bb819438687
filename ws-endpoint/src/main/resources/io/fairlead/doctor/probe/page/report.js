// The examination as plain text, to be pasted into a ticket.

const filled = (text, parameters) => text.replace(/\{([a-z]+)\}/g, (place, name) => parameters[name] ?? '');

export const sentence = (texts, finding) => filled(texts.findings[finding.code].says, finding.parameters);

export const mend = (texts, finding) => filled(texts.findings[finding.code].mend, finding.parameters);

export function duration(values, texts) {
  return values.ms === undefined ? '' : `${values.ms} ${texts.page.ms}`;
}

function seen(sighting) {
  const lines = [`${sighting.step || '-'}: ${sighting.request}`, `  ${sighting.peer}${sighting.secure ? ', https' : ', http'}${sighting.tls ? `, ${sighting.tls}` : ''}`];
  for (const field of sighting.fields) lines.push(`  ${field}`);
  if (sighting.received > 0) lines.push(`  <= ${sighting.received} B`);
  const { socket } = sighting;
  if (socket) {
    lines.push(`  WebSocket: ${socket.messages} <=, ${socket.sent} =>, pong ${socket.pong} ms, close ${socket.closeCode}, ${socket.extensions || '-'}`);
  }
  return lines.join('\n');
}

export function report(texts, steps, answer, when) {
  const lines = [`${texts.page.title}: ${location.origin}`, when, navigator.userAgent, ''];
  lines.push(`${texts.page.verdict}`);
  for (const finding of answer.findings) {
    lines.push(`* ${texts.severities[finding.severity]} (${texts.hops[finding.hop]}; ${finding.code}): ${sentence(texts, finding)}`);
    const what = mend(texts, finding);
    if (what) lines.push(`  ${texts.page.mend}: ${what}`);
  }
  lines.push('', texts.page.steps);
  for (const [name, values] of steps) {
    const details = Object.entries(values).filter(([key, value]) => !['result', 'ms', 'answer'].includes(key) && value !== '').map(([key, value]) => `${key}=${value}`);
    lines.push(`* ${texts.steps[name]}: ${[texts.results[values.result], duration(values, texts), ...details].filter(Boolean).join(', ')}`);
  }
  for (const leg of answer.routes) {
    lines.push(`* ${leg.route} -> ${leg.backend}${leg.path}: ${leg.reached} ${leg.status || ''} ${leg.reason}`.trimEnd());
  }
  if (answer.sightings.length > 0) lines.push('', texts.page.seen, ...answer.sightings.map(seen));
  return lines.join('\n');
}
