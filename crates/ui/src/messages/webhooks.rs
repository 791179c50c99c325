//! The back office: webhooks.

macro_rules! webhooks_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_webhooks: "Webhooks", "Webhooks";
            webhooks_hint: "Through a webhook, a program of yours such as a web shop hears of what happens here: tilld calls an address of it, and tries again until it answers.",
                "Über einen Webhook erfährt ein Programm von Ihnen, etwa ein Webshop, was hier geschieht: Die Kasse ruft eine Adresse von ihm auf, und versucht es wieder, bis es antwortet.";
            no_webhooks: "There are no webhooks yet. Shop software that needs some usually adds them itself.",
                "Es gibt noch keine Webhooks. Shop-Software, die welche braucht, legt sie meist selbst an.";
            new_webhook: "New webhook", "Neuer Webhook";
            webhook_last_success: "Last delivered", "Zuletzt zugestellt";
            webhook_failing_since: "Failing since", "Scheitert seit";
            webhook_waiting: "Waiting calls", "Wartende Aufrufe";
            webhook_works: "works", "geht";
            webhook_unused: "not called yet", "noch nicht aufgerufen";
            webhook_fails: "fails", "scheitert";
            webhook_out_of_use: "out of use", "außer Betrieb";
            webhook_gone: "The receiver answered that it wants no more calls, so it gets none.",
                "Der Empfänger hat geantwortet, dass er keine Aufrufe mehr will, also bekommt er keine.";
            webhook_given_up: "Nothing could be delivered for five days, so nothing is sent any more.",
                "Fünf Tage lang konnte nichts zugestellt werden, also wird nichts mehr gesendet.";
            webhook_state: "State", "Stand";
            webhook_resume: "Use it again", "Wieder benutzen";
            webhook_send_test: "Send a test", "Test senden";
            webhook_test_hint: "A test looks like a real call, but names an order that does not exist.",
                "Ein Test sieht aus wie ein echter Aufruf, nennt aber eine Bestellung, die es nicht gibt.";
            webhook_tested: "The test", "Der Test";
            webhook_tested_hint: "A receiver that asks for the order of a test finds none, which is right.",
                "Ein Empfänger, der nach der Bestellung eines Tests fragt, findet keine; das ist richtig so.";
            webhook_took: "Took", "Dauer";
            webhook_detail: "In detail", "Genauer";
            webhook_answer: "Answer", "Antwort";
            webhook_answer_head: "It begins with", "Sie beginnt mit";
            webhook_sent: "What was sent", "Was gesendet wurde";
            webhook_too_many_tests: "That was too many tests. Please wait a minute.", "Das waren zu viele Tests. Bitte warten Sie eine Minute.";
            webhook_log: "Calls", "Aufrufe";
            webhook_no_log: "Nothing was to be told yet.", "Es gab noch nichts zu melden.";
            webhook_attempts: "Attempts", "Versuche";
            webhook_last_attempt: "Last attempt", "Letzter Versuch";
            webhook_next_attempt: "Next attempt", "Nächster Versuch";
            webhook_resend: "Send again", "Noch einmal senden";
            webhook_resend_all: "Send all again that were not delivered", "Alle noch einmal senden, die nicht zugestellt wurden";
            said_resent: "It is being sent again.", "Es wird noch einmal gesendet.";
            delivery_waiting: "waiting", "wartet";
            delivery_delivered: "delivered", "zugestellt";
            delivery_given_up: "given up", "aufgegeben";
            delivery_cancelled: "not sent", "nicht gesendet";
            answer_taken: "The receiver took the call.", "Der Empfänger hat den Aufruf angenommen.";
            answer_none: "There was no answer. Is the address right, and does the receiver run?",
                "Es kam keine Antwort. Stimmt die Adresse, und läuft der Empfänger?";
            answer_not_allowed: "The address may not be called. The operator of this till can allow it in the settings, under webhooks.",
                "Die Adresse darf nicht aufgerufen werden. Wer diese Kasse betreibt, kann sie in den Einstellungen unter webhooks erlauben.";
            answer_elsewhere: "The receiver answered with another address. Please enter that one here.",
                "Der Empfänger hat mit einer anderen Adresse geantwortet. Bitte tragen Sie diese hier ein.";
            answer_refused: "The receiver refused the call. Does it know the secret, and does its clock run right?",
                "Der Empfänger hat den Aufruf abgelehnt. Kennt er das Geheimnis, und geht seine Uhr richtig?";
            answer_not_found: "The receiver knows no such address.", "Der Empfänger kennt diese Adresse nicht.";
            answer_gone: "The receiver wants no more calls.", "Der Empfänger will keine Aufrufe mehr.";
            answer_later: "The receiver is busy and wants the call later.", "Der Empfänger ist beschäftigt und will den Aufruf später.";
            answer_broken: "The receiver has a fault of its own.", "Der Empfänger hat selbst einen Fehler.";
            answer_other: "The receiver did not take the call.", "Der Empfänger hat den Aufruf nicht angenommen.";
            event_pay: "An order is paid", "Eine Bestellung ist bezahlt";
            event_refund: "A refund is granted", "Eine Erstattung ist gewährt";
            event_order_created: "An order is made", "Eine Bestellung ist angelegt";
            event_order_settled: "An order's money has been wired", "Das Geld einer Bestellung ist überwiesen";
            event_inventory_added: "A product is added", "Eine Ware ist angelegt";
            event_inventory_updated: "A product or its stock changes", "Eine Ware oder ihr Bestand ändert sich";
            event_inventory_deleted: "A product is deleted", "Eine Ware ist gelöscht";
            event_category_added: "A category is added", "Eine Warengruppe ist angelegt";
            event_category_updated: "A category changes", "Eine Warengruppe ändert sich";
            event_category_deleted: "A category is deleted", "Eine Warengruppe ist gelöscht";
            webhook_settings: "Settings", "Einstellungen";
            webhook_id: "Name", "Name";
            webhook_id_hint: "Short, like: shop-paid. It stays as it is.", "Kurz, wie: shop-bezahlt. Er bleibt, wie er ist.";
            webhook_bad_id: "A name has 1 to 64 letters, digits, or . _ ~ : @ -", "Ein Name hat 1 bis 64 Buchstaben (ohne Umlaute), Ziffern, oder . _ ~ : @ -";
            webhook_event: "Call when", "Aufrufen, wenn";
            webhook_url: "Address of the receiver", "Adresse des Empfängers";
            webhook_url_hint: "Like: https://shop.example/hook", "Wie: https://shop.example/hook";
            webhook_method: "HTTP method", "HTTP-Methode";
            webhook_body: "Body", "Inhalt";
            webhook_body_hint: "With variables like {{order_id}}. If empty, tilld writes a short text with the most important ones.",
                "Mit Variablen wie {{order_id}}. Ohne Inhalt schreibt die Kasse einen kurzen Text mit den wichtigsten.";
            webhook_headers: "Headers", "Kopfzeilen";
            webhook_headers_hint: "Lines like: X-Shop: 17", "Zeilen wie: X-Shop: 17";
            webhook_bad_url: "This address cannot be used.", "Diese Adresse geht nicht.";
            webhook_bad_headers: "These headers cannot be used.", "Diese Kopfzeilen gehen nicht.";
            webhook_bad_template: "This text cannot be used.", "Dieser Text geht nicht.";
            webhook_url_refused: "This address may not be called. It begins with https:// and is on the Internet, unless the operator of this till allows more.",
                "Diese Adresse darf nicht aufgerufen werden. Sie beginnt mit https:// und liegt im Internet, wenn nicht der Betreiber dieser Kasse mehr erlaubt.";
            webhook_too_many: "There are as many webhooks as there may be.", "Es gibt schon so viele Webhooks, wie es geben darf.";
            webhook_secret: "The secret of this webhook", "Das Geheimnis dieses Webhooks";
            webhook_secret_once: "It is shown only now. By it the receiver knows that a call is from this till.",
                "Es wird nur jetzt angezeigt. An ihm erkennt der Empfänger, dass ein Aufruf von dieser Kasse ist.";
            webhook_secret_noted: "I have it", "Ich habe es";
            webhook_shown_before: "This was shown before and cannot be shown again.", "Das wurde schon angezeigt und kann nicht noch einmal angezeigt werden.";
            webhook_new_secret: "New secret", "Neues Geheimnis";
            webhook_new_secret_hint: "The old one stays valid for a day beside the new one, so that no call is lost while you change it in the receiver.",
                "Das alte gilt noch einen Tag neben dem neuen, damit kein Aufruf verloren geht, während Sie es beim Empfänger ändern.";
            webhook_make_secret: "Make a new secret", "Neues Geheimnis anlegen";
            webhook_delete_hint: "The receiver is not called any more, and its log is deleted.", "Der Empfänger wird nicht mehr aufgerufen, und seine Aufrufe werden gelöscht.";
            webhook_delete: "Delete the webhook", "Webhook löschen";
            webhooks_failing: "failing:", "davon scheitern:";
            warn_webhooks: "A webhook fails: see the page Webhooks.", "Ein Webhook scheitert: siehe die Seite Webhooks.";
            warn_webhooks_lost: "Some calls of webhooks were lost because the disk was full or too many waited. Please compare the orders with your other programs.",
                "Einige Aufrufe von Webhooks gingen verloren, weil die Platte voll war oder zu viele warteten. Bitte vergleichen Sie die Bestellungen mit Ihren anderen Programmen.";
            warn_clock: "The clock of this machine may be wrong. Receivers of webhooks refuse calls whose time is more than five minutes off.",
                "Die Uhr dieses Rechners geht vielleicht falsch. Empfänger von Webhooks lehnen Aufrufe ab, deren Zeit um mehr als fünf Minuten abweicht.";
        }
    };
}
