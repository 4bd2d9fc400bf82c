# fish completion for mlopsctl: asks the program itself, so it is never out of date.
function __mlopsctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l reply (env MLOPSCTL_COMPLETE=(math (count $words) - 1) $words $current 2>/dev/null)
    set -l kind $reply[1]
    for line in $reply[2..-1]
        test -n "$line"; and echo $line
    end
    switch "$kind"
        case files
            __fish_complete_path $current
        case directories
            __fish_complete_directories $current
        case programs
            __fish_complete_command
    end
end
complete -c mlopsctl -f -a '(__mlopsctl_complete)'
