//! The back office: all pages of settings.

macro_rules! settings_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            said_kept: "Saved.", "Gespeichert.";
            said_gone: "Deleted.", "Gelöscht.";
            said_revoked: "The token was revoked.", "Der Zugang gilt nicht mehr.";
            said_password_changed: "The password was changed. All other browsers have to sign in again.",
                "Das Passwort ist geändert. Wer sonst noch angemeldet war, muss sich neu anmelden.";
            keep: "Save", "Speichern";
            name_taken: "This name is taken.", "Dieser Name ist vergeben.";
            note_needed: "Please give it a name.", "Bitte geben Sie einen Namen an.";
            choose_one: "Please choose one.", "Bitte eines auswählen.";
        }
    };
}
