/** The browser library of rtserver: what a page may import. The rest are its parts. */

export { RTClient } from "./rt_client.js";
export { RTError } from "./rt_error.js";
export { State } from "./reconnecting_socket.js";
export { CloseCode, mayReconnect, mayTryOnce } from "./codes.js";
export { MyCharts } from "./my_charts.js";
export { Chart } from "./chart.js";
export { OwnChart } from "./own_chart.js";
export { View } from "./view.js";
export { ChartView } from "./chart_view.js";
export { ageText } from "./quote_age.js";
export { darkPalette, lightPalette, preferredPalette } from "./palette.js";
