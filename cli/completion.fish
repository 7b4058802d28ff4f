# SPDX-License-Identifier: Apache-2.0
#
# Completion of coaming(1) for fish, as "coaming completion fish" prints it.

# The command that stands on the line already.
function __coaming_command
    set -l value no
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test $value = yes
            set value no
        else if test $word = --config
            set value yes
        else if not string match -q -- '-*' $word
            echo $word
            return 0
        end
    end
    return 1
end

function __coaming_is
    contains -- $argv[1] (__coaming_command)
end

complete -c coaming -f
set -l of 'not __coaming_command >/dev/null'
@GLOBAL@@COMMANDS@@OPTIONS@
