# SPDX-License-Identifier: Apache-2.0
"""Run a bot of Green-API's chatbot library, in the environment of ``make sdk``, until it is stopped.

Arguments: the server's URL, the instance, its token. The bot answers each text with ``Echo: <text>`` and each vote in a
poll with its options.
"""

from __future__ import annotations

import sys

from whatsapp_chatbot_python import GreenAPIBot, Notification


def main() -> None:
    host, login, password = sys.argv[1:]
    bot = GreenAPIBot(login, password, host=host, media=host, raise_errors=True)

    @bot.router.message(type_message="textMessage")
    def answer(notification: Notification) -> None:
        notification.answer(f"Echo: {notification.message_text}")

    @bot.router.poll_update_message()
    def count(notification: Notification) -> None:
        votes = notification.event["messageData"]["pollMessageData"]["votes"]
        notification.answer(", ".join(vote["optionName"] for vote in votes if vote["optionVoters"]))

    print("started", flush=True)
    bot.run_forever()


if __name__ == "__main__":
    main()
