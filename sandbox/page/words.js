// The page's own labels; what the app writes arrives in its own words.

const EN = {
  one: { replies: "1 reply", members: "1 member", mentions: "1 mention" },
  actAs: "Act as", channels: "Channels", apps: "Apps", home: "Home", messages: "Messages", app: "APP",
  back: "Back", close: "Close", cancel: "Cancel", confirm: "OK", send: "Send",
  onlyYou: "Only visible to you", edited: "(edited)", reply: "Reply in thread", thread: "Thread", moreActions: "More actions",
  shortcuts: "Shortcuts", unread: "{count} unread", mentions: "{count} mentions", members: "{count} members",
  replies: "{count} replies", messageTo: "Message {name}", replyTo: "Reply…", optional: "(optional)",
  required: "Fill this in to go on.", choose: "Choose an option", chooseMany: "Choose one or more", choosePerson: "Choose a person", chooseChannel: "Choose a channel",
  emptyChannel: "Nothing here yet. Type / to see what the app can do.", emptyDm: "The app has not written to {name} yet.",
  emptyHome: "The app has not published a Home for {name} yet.",
  emptyTraffic: "Nothing has gone over the wire yet.", offline: "The sandbox does not answer. Trying again…",
  traffic: "Traffic", calls: "The app's calls", deliveries: "Deliveries to the app", sending: "Sending {text}",
  noThreadCommands: "Slash commands do not work in threads. Send it in the channel.",
  modalSilent: "The app did not answer in time ({error}). Nothing here is lost: try again.", showDetails: "Show details",
  picture: "Picture: {name}", suggestions: "Suggestions", latest: "Jump to the latest", private: "private channel", file: "File",
  join: "Join #{name}", badCommand: "{name} is not a valid command.", pinned: "Pinned", react: "React", archived: "This channel is archived.",
  emulated: "An emulated workspace; nothing here reaches Slack.",
};

const PT = {
  one: { replies: "1 resposta", members: "1 membro", mentions: "1 menção", unread: "1 não lida" },
  actAs: "Agir como", channels: "Canais", apps: "Apps", home: "Início", messages: "Mensagens", app: "APP",
  back: "Voltar", close: "Fechar", cancel: "Cancelar", confirm: "OK", send: "Enviar",
  onlyYou: "Visível somente para você", edited: "(editado)", reply: "Responder na conversa", thread: "Conversa", moreActions: "Mais ações",
  shortcuts: "Atalhos", unread: "{count} não lidas", mentions: "{count} menções", members: "{count} membros",
  replies: "{count} respostas", messageTo: "Mensagem para {name}", replyTo: "Responder…", optional: "(opcional)",
  required: "Preencha este campo para continuar.", choose: "Escolha uma opção", chooseMany: "Escolha uma ou mais", choosePerson: "Escolha uma pessoa", chooseChannel: "Escolha um canal",
  emptyChannel: "Nada por aqui ainda. Digite / para ver o que o app faz.", emptyDm: "O app ainda não escreveu para {name}.",
  emptyHome: "O app ainda não publicou um Início para {name}.",
  emptyTraffic: "Nada passou pelo fio ainda.", offline: "O sandbox não responde. Tentando de novo…",
  traffic: "Tráfego", calls: "Chamadas do app", deliveries: "Entregas ao app", sending: "Enviando {text}",
  noThreadCommands: "Comandos não funcionam em conversas. Envie no canal.",
  modalSilent: "O app não respondeu a tempo ({error}). Nada se perdeu aqui: tente de novo.", showDetails: "Mostrar detalhes",
  picture: "Imagem: {name}", suggestions: "Sugestões", latest: "Ir para a mais recente", private: "canal privado", file: "Arquivo",
  join: "Entrar em #{name}", badCommand: "{name} não é um comando válido.", pinned: "Fixada", react: "Reagir", archived: "Este canal está arquivado.",
  emulated: "Um workspace emulado; nada daqui chega ao Slack.",
};

/** The speaker of one locale: `say("replies", {count: 3})`. */
export function speaker(locale) {
  const table = locale?.toLowerCase().startsWith("pt") ? PT : EN;
  return (key, values = {}) => (values.count === 1 ? table.one[key] ?? table[key] : table[key]).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
