# PowerShell completion for petpro; the program itself says what may come next.

Register-ArgumentCompleter -Native -CommandName petpro -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements |
    Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
    Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  # Before 7.3 an empty argument got lost on its way to a program.
  $empty = if ($PSVersionTable.PSVersion -ge [version]'7.3') { '' } else { '""' }
  if ($wordToComplete -eq '') { $words += $empty }
  petpro __complete @words 2>$null | Where-Object { -not $_.StartsWith(':') } | ForEach-Object {
    $value, $doc = $_ -split [char]9, 2
    $shown = if ($doc) { $doc } else { $value }
    $text = if ($value -match '\s') { "'$value'" } else { $value }
    [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $shown)
  }
}
