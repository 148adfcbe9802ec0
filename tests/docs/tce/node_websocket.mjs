// A WebSocket for the Node of Debian 12, whose own came with Node 20.
import { WebSocket } from "ws";

globalThis.WebSocket = WebSocket;
