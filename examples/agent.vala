/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server with an agent of its own, and a client that asks it. */

/* An agent that counts the words of its prompt. */
class WordCounter : Object, RuntimeUse.AgentHandler {
    public bool run (RuntimeUse.Invocation invocation) throws Error {
        /* The answer may come at any time later; this returns at once. */
        answer.begin (invocation);
        return true;
    }

    private async void answer (RuntimeUse.Invocation invocation) {
        int words = 0;

        foreach (unowned string word in invocation.get_user_prompt ().split (" ")) {
            if (word != "")
                words++;
        }

        Idle.add (answer.callback);
        yield;
        invocation.send_assistant_message ({ @"counting $words words" });
        invocation.return_text (@"$words words", null);
    }
}

async int ask (string prompt) {
    var server = new RuntimeUse.Server ();
    var status = 1;

    server.handler = new WordCounter ();
    server.port = 0;
    try {
        server.start ();
        var client = new RuntimeUse.Client (@"ws://localhost:$(server.get_port ())");
        client.assistant_message.connect ((blocks) => print ("%s\n", string.joinv (" ", blocks)));
        var message = (RuntimeUse.InvocationMessage) Object.new (
            typeof (RuntimeUse.InvocationMessage),
            "user-prompt", prompt, "system-prompt", "", "model", "");
        var result = yield client.query_async (message, null);
        print ("%s\n", result.get_text ());
        status = 0;
    } catch (Error error) {
        printerr ("Error: %s\n", error.message);
    }

    try {
        yield server.stop_async (null);
    } catch (Error error) {
        printerr ("Error: %s\n", error.message);
    }

    return status;
}

int main (string[] args) {
    var loop = new MainLoop ();
    int status = 1;

    ask.begin (args.length > 1 ? args[1] : "how many words are these", (source, result) => {
        status = ask.end (result);
        loop.quit ();
    });
    loop.run ();

    return status;
}
