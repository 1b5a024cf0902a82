# SPDX-License-Identifier: LGPL-2.1-or-later

# Which command is named; none means serve.
function __runtimeuse_command
    set -l words (commandline -opc)
    if contains -- "$words[2]" serve run exec agents config doctor sessions show cancel end
        echo $words[2]
    else
        echo serve
    end
end

function __runtimeuse_is
    contains -- (__runtimeuse_command) $argv
end

# Where the id of a session belongs: with --all they have been named, all of them.
function __runtimeuse_wants_id
    __runtimeuse_is show cancel end
    and not contains -- --all (commandline -opc)
end

function __runtimeuse_at_command
    test (count (commandline -opc)) -eq 1
end

# The sessions that there are. A service that does not answer is not waited for as long as else.
function __runtimeuse_ids
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    $words[1] sessions --timeout 1 2>/dev/null | begin
        read -l titles
        while read -l id rest
            # What is in a description would make a match as well.
            string match -qr '^[[:alnum:]_-]+$' -- $id
            and string match -q -- "$current*" $id
            and printf '%s\t%s\n' $id (string replace -ra '\s+' ' ' -- $rest)
        end
    end
end

complete -c runtimeuse -f
complete -c runtimeuse -n '__runtimeuse_at_command' -a serve -d 'wait for clients'
complete -c runtimeuse -n '__runtimeuse_at_command' -a run -d 'ask an agent for something'
complete -c runtimeuse -n '__runtimeuse_at_command' -a exec -d 'run a command where the runtime is'
complete -c runtimeuse -n '__runtimeuse_at_command' -a agents -d 'list the agents'
complete -c runtimeuse -n '__runtimeuse_at_command' -a config -d 'show what serve is set to'
complete -c runtimeuse -n '__runtimeuse_at_command' -a doctor -d 'show what this machine offers'
complete -c runtimeuse -n '__runtimeuse_at_command' -a sessions -d 'list the sessions on the bus'
complete -c runtimeuse -n '__runtimeuse_at_command' -a show -d 'show one of them'
complete -c runtimeuse -n '__runtimeuse_at_command' -a cancel -d 'cancel what runs in one of them'
complete -c runtimeuse -n '__runtimeuse_at_command' -a end -d 'end one of them'
complete -c runtimeuse -s h -l help -d 'show the options'

complete -c runtimeuse -n '__runtimeuse_is serve config run' -x -l agent -a 'openai claude shell echo' -d 'who answers'
complete -c runtimeuse -n '__runtimeuse_is serve config run' -r -F -l handler -d 'an agent of your own'
complete -c runtimeuse -n '__runtimeuse_is serve config run' -x -l openai-api -a 'auto responses chat' -d 'the API of the service'
complete -c runtimeuse -n '__runtimeuse_is serve config run' -l keys-for-tools -d 'let the commands of openai have its key'
complete -c runtimeuse -n '__runtimeuse_is serve config run' -x -l agent-limit -d 'change a limit of the agent'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l port -d 'the port to listen on'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l host -d 'the address to listen on'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l listen -d 'listen on a socket or an address with its port'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l allow-origin -d 'let web pages of this origin connect'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l allowed-host -d 'accept this name in the Host header'
complete -c runtimeuse -n '__runtimeuse_is serve config run exec' -r -F -l token-file -d 'the token is in a file'
complete -c runtimeuse -n '__runtimeuse_is serve config' -l insecure-no-auth -d 'listen beyond loopback without a token'
complete -c runtimeuse -n '__runtimeuse_is serve config' -l no-local-downloads -d 'fetch files from public addresses only'
complete -c runtimeuse -n '__runtimeuse_is serve config' -l no-metrics -d 'do not answer /metrics'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l bus-name -a 'auto required off' -d 'own a name on the message bus'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l notify -a 'unwatched always never' -d 'show notifications'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l notify-after -d 'only for requests that take longer'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l exit-idle -d 'end when nobody was connected for so long'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l drain-timeout -d 'how long requests may go on after SIGTERM'
complete -c runtimeuse -n '__runtimeuse_is serve config' -l scopes -d 'run each command in a scope of systemd'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l scope-memory-max -d 'the memory of such a scope'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l scope-tasks-max -d 'how many processes and threads it may have'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l scope-cpu-quota -d 'its share of one processor'
complete -c runtimeuse -n '__runtimeuse_is serve config' -l host-commands -d 'run commands outside of the Flatpak'
complete -c runtimeuse -n '__runtimeuse_is serve config run' -r -F -l config -d 'read a file instead of the usual ones'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l log-level -a 'error warning message info debug' -d 'what to log'
complete -c runtimeuse -n '__runtimeuse_is serve config' -x -l limit -d 'change a limit'
complete -c runtimeuse -n '__runtimeuse_is serve' -l version -d 'show the version'

complete -c runtimeuse -n '__runtimeuse_is run exec' -x -l url -d 'the runtime to ask'
complete -c runtimeuse -n '__runtimeuse_is run' -x -l system -d 'what the agent is told in general'
complete -c runtimeuse -n '__runtimeuse_is run' -x -l model -d 'the model it is to use'
complete -c runtimeuse -n '__runtimeuse_is run' -r -F -l schema -d 'ask for structured output'
complete -c runtimeuse -n '__runtimeuse_is run exec' -x -l env -a '(set -nx)=' -d 'a variable'
complete -c runtimeuse -n '__runtimeuse_is run exec' -x -l secret -a '(set -nx)' -d 'a variable that nobody gets to see'
complete -c runtimeuse -n '__runtimeuse_is run' -r -F -l upload -d 'send a folder first'
complete -c runtimeuse -n '__runtimeuse_is run' -x -l download -d 'let the runtime fetch a file first'
complete -c runtimeuse -n '__runtimeuse_is run' -r -F -l artifacts -d 'receive what lies in a folder'
complete -c runtimeuse -n '__runtimeuse_is run' -x -l before -a '(__fish_complete_command)' -d 'run a command before the agent'
complete -c runtimeuse -n '__runtimeuse_is run' -x -l after -a '(__fish_complete_command)' -d 'run a command after the agent'
complete -c runtimeuse -n '__runtimeuse_is exec' -x -l cwd -a '(__fish_complete_directories)' -d 'the directory of the command'
complete -c runtimeuse -n '__runtimeuse_is run exec' -x -l timeout -d 'end it after so long'
complete -c runtimeuse -n '__runtimeuse_is exec' -F -a '(__fish_complete_command)'

complete -c runtimeuse -n '__runtimeuse_is sessions' -l watch -d 'go on, and show what changes'
complete -c runtimeuse -n '__runtimeuse_is run agents config doctor sessions show' -l json -d 'show JSON'
complete -c runtimeuse -n '__runtimeuse_is sessions show cancel end' -x -l timeout -d 'how long to wait for each answer'
complete -c runtimeuse -n '__runtimeuse_is cancel end' -l all -d 'all sessions'
complete -c runtimeuse -n '__runtimeuse_wants_id' -k -a '(__runtimeuse_ids)'
