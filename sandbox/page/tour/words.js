// The words of the guided tour; what has to be typed is in the language of the reader too.

const EN = {
  name: "Guided tour",
  short: "Tour",
  step: "Step {number} of {total}",
  typeIt: "Type it for me",
  enter: "Now press Enter.",
  actAs: "Act as {name}",
  showMe: "Show me",
  restart: "Start again",
  close: "Close the tour",
  other: "Português",
  declare: {
    title: "Something is wrong",
    text: "It is night, and you are Ana, on call. Users see errors at the checkout. Declare an incident: it is on record before anybody hears of it.",
    command: "/incident declare P1 checkout errors",
  },
  diagnose: {
    title: "Take its pulse",
    text: "Run the checks of the runbook. They only read. The result is for you alone; the incident's thread notes that you looked.",
    command: "/diag all {incident}",
  },
  propose: {
    title: "Propose the way back",
    text: "The last release is the suspect. You can propose to roll it back, but not decide that alone. A card will show what runs now and what would run.",
    command: "/rollback agente-api {incident}",
  },
  approve: {
    title: "A second pair of eyes",
    text: "Now you are Bruno, the tech lead. Read the card: exactly this will run, and only while the world still looks like that. Click Aprovar.",
  },
  verify: {
    title: "Watch it happen",
    text: "It runs once. Then the checks are measured again, and only when they hold does the card say verified. There is nothing to click.",
  },
  resolve: {
    title: "Say that it is over",
    text: "You are Ana again. Resolve the incident and say what helped: the next person will read it.",
    command: "/incident resolve {incident} rolled back to 2.3.1",
  },
  handoff: {
    title: "Hand over the shift",
    text: "The note at the end of a shift is filled in from the record. Send the command, choose Clara Jones in the form, and hand over.",
    command: "/handoff",
  },
  accept: {
    title: "Somebody takes over",
    text: "Now you are Clara. Only she can accept the note. Click Eu assumo, and Ana may sleep.",
  },
  end: {
    title: "That was a night on call",
    text: "All of it is on record. To see why a message appeared, open the inspector at the top right. To be refused, act as Otto. To see more, type / in the box.",
  },
};

const PT = {
  name: "Visita guiada",
  short: "Visita",
  step: "Passo {number} de {total}",
  typeIt: "Digite para mim",
  enter: "Agora tecle Enter.",
  actAs: "Agir como {name}",
  showMe: "Mostrar onde",
  restart: "Recomeçar",
  close: "Fechar a visita",
  other: "English",
  declare: {
    title: "Algo está errado",
    text: "É noite, e você é Ana, de plantão. Usuários veem erros no checkout. Declare um incidente: ele fica registrado antes que alguém saiba dele.",
    command: "/incident declare P1 erros no checkout",
  },
  diagnose: {
    title: "Tome o pulso",
    text: "Rode as verificações do runbook. Elas só leem. O resultado é só seu; a conversa do incidente anota que você olhou.",
    command: "/diag all {incident}",
  },
  propose: {
    title: "Proponha a volta",
    text: "A suspeita é a última versão. Você pode propor a reversão, mas não decidir por conta própria. Um cartão mostrará o que roda agora e o que rodaria.",
    command: "/rollback agente-api {incident}",
  },
  approve: {
    title: "Um segundo par de olhos",
    text: "Agora você é Bruno, o líder técnico. Leia o cartão: é exatamente isso que vai rodar, e só enquanto o mundo ainda estiver assim. Clique em Aprovar.",
  },
  verify: {
    title: "Veja acontecer",
    text: "Roda uma única vez. Depois as verificações são medidas de novo, e só quando passam o cartão diz verificada. Não há o que clicar.",
  },
  resolve: {
    title: "Diga que acabou",
    text: "Você é Ana de novo. Resolva o incidente e diga o que ajudou: a próxima pessoa vai ler.",
    command: "/incident resolve {incident} revertido para 2.3.1",
  },
  handoff: {
    title: "Passe o plantão",
    text: "A nota de fim de plantão é preenchida a partir do registro. Envie o comando, escolha Clara Jones no formulário e passe o plantão.",
    command: "/handoff",
  },
  accept: {
    title: "Alguém assume",
    text: "Agora você é Clara. Só ela pode aceitar a nota. Clique em Eu assumo, e Ana pode dormir.",
  },
  end: {
    title: "Assim foi uma noite de plantão",
    text: "Tudo ficou registrado. Para saber por que uma mensagem apareceu, abra o inspetor no alto à direita. Para ouvir um não, aja como Otto. Para ver mais, digite / na caixa.",
  },
};

export const LANGUAGES = { en: EN, pt: PT };

export function browserLanguage() {
  return navigator.language.toLowerCase().startsWith("pt") ? "pt" : "en";
}

export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
